// A plan is refused, or every vector of it lies in the bytes and the runs send what the operations say.
#include "../../../native/send_plan.h"

#include <string>

#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fdmux;
  Input input(data, size);
  const bool tame = input.take<uint8_t>() % 2 == 0;
  std::vector<uint8_t> bytes = input.takeMany<uint8_t>(input.take<uint8_t>());
  std::vector<int32_t> words = input.takeMany<int32_t>(300);
  const int32_t length = static_cast<int32_t>(bytes.size());
  if (tame) {
    for (int32_t& word : words) word = static_cast<int32_t>(static_cast<uint32_t>(word) % (length + 1));
  }
  const size_t count = words.size() / SendPlan::kWordsPerOperation;
  SendPlan plan;
  if (!plan.build(words.data(), count, bytes.data(), bytes.size())) return 0;

  size_t operation = 0;
  for (const SendRun& run : plan.runs()) {
    require(run.first_operation == operation);
    std::string wanted, planned;
    for (; operation < count && words[3 * operation] == run.fd; operation++) {
      wanted.append(bytes.begin() + words[3 * operation + 1], bytes.begin() + words[3 * operation + 2]);
    }
    const iovec* vectors = plan.vectors(run);
    for (size_t i = 0; i < run.vector_count; i++) {
      planned.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
    }
    require(planned == wanted);
  }
  require(operation == count);
  return 0;
}
