// A small HTTP server for those who watch the worker: GET and HEAD of a few paths.
//
// It runs in threads of its own. A page's function is called in one of them, may be called
// in several at a time, and must not wait for long.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "api/address.h"

namespace api {

struct Reply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct Page {
  std::string path;
  std::string about;  // for the list of pages that "/" shows
  std::function<Reply()> make;
};

class HttpServer {
 public:
  // Listens when it returns. Unavailable: the address cannot be had, and why.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const Address& address,
                                                           std::vector<Page> pages);
  // Waits for the requests that are being answered.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Where it listens, as "host:port".
  const std::string& address() const { return address_; }

 private:
  struct Running;

  HttpServer();

  std::string address_;
  std::unique_ptr<Running> running_;
};

}  // namespace api
