// Prints where the records of partition 0 of a topic begin that are not older than 1970, as an
// operator's program asks for it: once for each line of standard input, by one client.

#include <iostream>
#include <string>

#include "streams/kafka/operator_admin.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "offsets_at BOOTSTRAP_SERVERS TOPIC\n";
    return 2;
  }
  streams::kafka::KafkaConfig config;
  config.bootstrap_servers = argv[1];
  config.application_id = config.member_id = "offsets-at";
  const auto admin = streams::kafka::OperatorAdmin::Create(config);
  if (!admin.ok()) {
    std::cerr << admin.status() << "\n";
    return 1;
  }
  const base::TopicPartition partition{argv[2], base::Partition(0)};
  for (std::string line; std::getline(std::cin, line);) {
    const auto offsets =
        (*admin)->OffsetsAt(std::span(&partition, 1), base::Timestamp(0), absl::Seconds(10));
    if (offsets.ok()) {
      std::cout << "offset " << offsets->front().value() << std::endl;
    } else {
      std::cout << "error " << offsets.status() << std::endl;
    }
  }
  return 0;
}
