// Tells in the log when a broker goes away and when it is back: one line each, however
// many clients try it however often. One for the process, since all of its clients talk
// to the same brokers. Thread-safe.
#pragma once

#include <librdkafka/rdkafka.h>

#include <string>
#include <vector>

namespace streams::kafka {

// Makes the client of this configuration report the states of its connections.
void WatchReachability(rd_kafka_conf_t* conf);

// The addresses of those that could not be reached when they were tried last.
std::vector<std::string> UnreachableBrokers();

}  // namespace streams::kafka
