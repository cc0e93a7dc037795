// A first-in, first-out queue that keeps its memory: in steady state it allocates
// nothing. Not thread-safe.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace base {

template <class T>
class Fifo {
 public:
  Fifo() = default;
  Fifo(Fifo&&) noexcept = default;
  Fifo& operator=(Fifo&&) noexcept = default;

  bool empty() const { return head_ == items_.size(); }
  size_t size() const { return items_.size() - head_; }
  const T& front() const { return items_[head_]; }
  T& front() { return items_[head_]; }
  void push(T item) { items_.push_back(std::move(item)); }

  void pop() {
    items_[head_] = T();  // lets go of what it owns
    ++head_;
    // Moves as many as were popped since the last time, or fewer.
    if (head_ * 2 >= items_.size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }

  void clear() {
    items_.clear();
    head_ = 0;
  }

 private:
  std::vector<T> items_;
  size_t head_ = 0;
};

}  // namespace base
