// A consumed message of librdkafka behind the engine's Message.
#pragma once

#include <librdkafka/rdkafka.h>

#include "streams/broker.h"

namespace streams::kafka {

// Takes the message over. Its headers are found when somebody asks for them.
Message Wrap(rd_kafka_message_t* message);

}  // namespace streams::kafka
