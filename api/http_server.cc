#include "api/http_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace api {
namespace {

// Some that scrape, some that ask for the health, and some that connect and say nothing.
constexpr size_t kThreads = 8;
constexpr time_t kTimeoutSeconds = 3;
// One that connects and says nothing keeps a thread, and a stop, for so long.
constexpr time_t kSilenceSeconds = 1;
constexpr size_t kMostBody = 1024;  // of a request: none has any

// With the library's own options two processes could listen at one address, and each would
// get some of the requests.
void SetSocketOptions(int socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
}

Page ListOf(const std::vector<Page>& pages) {
  std::string list;
  for (const Page& page : pages) absl::StrAppend(&list, page.path, "  ", page.about, "\n");
  return {.path = "/", .about = {}, .make = [list] {
            Reply reply;
            reply.body = list;
            return reply;
          }};
}

}  // namespace

struct HttpServer::Running {
  httplib::Server server;
  std::thread listener;
};

HttpServer::HttpServer() : running_(std::make_unique<Running>()) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const Address& address,
                                                              std::vector<Page> pages) {
  std::unique_ptr<HttpServer> made(new HttpServer());
  httplib::Server& server = made->running_->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_socket_options(SetSocketOptions);
  server.set_keep_alive_timeout(kSilenceSeconds);
  server.set_keep_alive_max_count(1);  // one that stays connected would keep its thread
  server.set_read_timeout(kTimeoutSeconds);
  server.set_write_timeout(kTimeoutSeconds);
  server.set_payload_max_length(kMostBody);
  pages.push_back(ListOf(pages));
  for (const Page& page : pages) {
    server.Get(page.path, [make = page.make](const httplib::Request&, httplib::Response& response) {
      Reply reply = make();
      response.status = reply.status;
      response.set_content(std::move(reply.body), reply.content_type.c_str());
    });
  }
  errno = 0;
  Address bound = address;
  bool listens = true;
  if (address.port == 0) {
    bound.port = server.bind_to_any_port(address.host);
    listens = bound.port > 0;
  } else {
    listens = server.bind_to_port(address.host, address.port);
  }
  if (!listens) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen at ", ToString(address), ": ",
        errno == 0 ? "the name is not known or is not this machine's" : std::strerror(errno)));
  }
  made->address_ = ToString(bound);
  made->running_->listener = std::thread([&server] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();  // else a stop could come too early
  return made;
}

HttpServer::~HttpServer() {
  if (!running_->listener.joinable()) return;
  running_->server.stop();
  running_->listener.join();
}

}  // namespace api
