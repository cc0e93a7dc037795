#include "tools/rebuild/output_record.h"

#include <rapidjson/encodings.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <string_view>

#include "absl/strings/escaping.h"

namespace tools {
namespace {

std::optional<std::string> Copy(std::optional<std::string_view> bytes) {
  if (!bytes.has_value()) return std::nullopt;
  return std::string(*bytes);
}

template <class Record>
OutputRecord CopyAll(const Record& record) {
  OutputRecord copy{.timestamp = record.timestamp,
                    .key = Copy(record.key),
                    .value = Copy(record.value),
                    .headers = {}};
  for (const base::HeaderView& header : record.headers) {
    copy.headers.emplace_back(header.name, Copy(header.value));
  }
  return copy;
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

// Text that a person can read: UTF-8, and not the bytes of a number.
bool IsText(const std::string& bytes) {
  if (std::any_of(bytes.begin(), bytes.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
      })) {
    return false;
  }
  rapidjson::MemoryStream in(bytes.data(), bytes.size());
  rapidjson::StringBuffer out;
  while (in.Tell() < bytes.size()) {
    if (!rapidjson::UTF8<>::Validate(in, out)) return false;
  }
  return true;
}

std::string Hex(const std::string& bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

void Write(const std::string& text, Writer* writer) {
  writer->String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void WriteBytes(const std::optional<std::string>& bytes, Writer* writer) {
  if (!bytes.has_value()) {
    writer->Null();
  } else if (IsText(*bytes)) {
    Write(*bytes, writer);
  } else {
    writer->StartObject();
    writer->Key("hex");
    Write(Hex(*bytes), writer);
    writer->EndObject();
  }
}

}  // namespace

OutputRecord CopyOutput(const streams::OutgoingRecord& record) { return CopyAll(record); }
OutputRecord CopyOutput(const base::RecordView& record) { return CopyAll(record); }

std::string ToJson(const OutputRecord& record) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("timestamp");
  writer.Int64(record.timestamp.value());
  writer.Key("key");
  if (record.key.has_value()) {
    Write(Hex(*record.key), &writer);
  } else {
    writer.Null();
  }
  writer.Key("headers");
  writer.StartArray();
  for (const auto& [name, value] : record.headers) {
    writer.StartArray();
    WriteBytes(name, &writer);
    WriteBytes(value, &writer);
    writer.EndArray();
  }
  writer.EndArray();
  writer.Key("value");
  WriteBytes(record.value, &writer);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace tools
