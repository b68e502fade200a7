#include <google/protobuf/message.h>
#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/readers.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t maxSize);

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

/// Changes one field of a protobuf message or of one in it, so that what is fuzzed stays a message.
class MessageMutator {
 public:
  explicit MessageMutator(unsigned seed) : random_(seed) {}

  void mutate(Message& message) {
    std::vector<Message*> messages;
    collect(message, messages);
    Message& chosen = *messages[below(messages.size())];
    if (const FieldDescriptor* field = chooseField(chosen)) mutate(chosen, *field);
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  /// The message and all below; texts that they hold are words for other fields.
  void collect(Message& message, std::vector<Message*>& messages) {
    messages.push_back(&message);
    const Reflection& r = *message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    r.ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      const int count = field->is_repeated() ? r.FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
          collect(field->is_repeated() ? *r.MutableRepeatedMessage(&message, field, i)
                                       : *r.MutableMessage(&message, field),
                  messages);
        } else if (field->type() == FieldDescriptor::TYPE_STRING) {
          words_.push_back(field->is_repeated() ? r.GetRepeatedString(message, field, i)
                                                : r.GetString(message, field));
        }
      }
    }
  }

  /// Mostly a field that is there.
  const FieldDescriptor* chooseField(const Message& message) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    if (!fields.empty() && below(8) != 0) return fields[below(fields.size())];
    const int count = message.GetDescriptor()->field_count();
    if (count == 0) return nullptr;
    return message.GetDescriptor()->field(static_cast<int>(below(static_cast<std::size_t>(count))));
  }

  void mutate(Message& message, const FieldDescriptor& field) {
    const Reflection& r = *message.GetReflection();
    if (!field.is_repeated()) {
      if (below(8) == 0) return r.ClearField(&message, &field);
      return set(message, field, -1);
    }
    const int count = r.FieldSize(message, &field);
    const auto any = [&] { return static_cast<int>(below(static_cast<std::size_t>(count))); };
    const std::size_t what = count == 0 ? 0 : below(4);
    if (what == 0) return add(message, field);
    if (what == 1) return r.SwapElements(&message, &field, any(), any());
    if (what == 2) {
      r.SwapElements(&message, &field, any(), count - 1);
      return r.RemoveLast(&message, &field);
    }
    set(message, field, any());
  }

  /// Appends a changed copy of an element, or an empty one.
  void add(Message& message, const FieldDescriptor& field) {
    const Reflection& r = *message.GetReflection();
    const int count = r.FieldSize(message, &field);
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return set(message, field, count);
    Message& added = *r.AddMessage(&message, &field);
    if (count == 0) return;
    const auto from = static_cast<int>(below(static_cast<std::size_t>(count)));
    added.CopyFrom(r.GetRepeatedMessage(message, &field, from));
    mutate(added);
  }

  std::int64_t integer() {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kInteresting[] = {
        -kMost - 1, -1, 0,         1,  2,  3,          7, 16, 255, 1 << 16, (1LL << 31) - 1,
        1LL << 32,  -2, 1LL << 40, 10, 11, -(1 << 20), 4, 5,  64,  kMost};
    return kInteresting[below(std::size(kInteresting))];
  }

  double real() {
    constexpr double kInteresting[] = {0,
                                       -0.0,
                                       1,
                                       -1,
                                       0.5,
                                       1e30,
                                       -1e30,
                                       1e-30,
                                       1e10,
                                       std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::quiet_NaN()};
    return kInteresting[below(std::size(kInteresting))];
  }

  std::string text(std::string before) {
    if (!words_.empty() && below(4) != 0) return words_[below(words_.size())];
    const std::size_t size = before.size();
    before.resize(size + 8);
    auto* data = reinterpret_cast<std::uint8_t*>(before.data());
    before.resize(LLVMFuzzerMutate(data, size, before.size()));
    return before;
  }

  /// Sets a field, of a repeated one element `i` (its size: a new one), to another value.
  void set(Message& message, const FieldDescriptor& field, int i) {
    const Reflection& r = *message.GetReflection();
    const bool isNew = i >= 0 && i == r.FieldSize(message, &field);
    const auto assign = [&](auto setOne, auto setElement, auto addElement, auto value) {
      if (i < 0) return (r.*setOne)(&message, &field, value);
      if (isNew) return (r.*addElement)(&message, &field, value);
      (r.*setElement)(&message, &field, i, value);
    };
    using R = Reflection;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return assign(&R::SetInt32, &R::SetRepeatedInt32, &R::AddInt32,
                      static_cast<std::int32_t>(integer()));
      case FieldDescriptor::CPPTYPE_INT64:
        return assign(&R::SetInt64, &R::SetRepeatedInt64, &R::AddInt64, integer());
      case FieldDescriptor::CPPTYPE_UINT64:
        return assign(&R::SetUInt64, &R::SetRepeatedUInt64, &R::AddUInt64,
                      static_cast<std::uint64_t>(integer()));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return assign(&R::SetFloat, &R::SetRepeatedFloat, &R::AddFloat, static_cast<float>(real()));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return assign(&R::SetDouble, &R::SetRepeatedDouble, &R::AddDouble, real());
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto count = static_cast<std::size_t>(field.enum_type()->value_count());
        const int value = field.enum_type()->value(static_cast<int>(below(count)))->number();
        return assign(&R::SetEnumValue, &R::SetRepeatedEnumValue, &R::AddEnumValue, value);
      }
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string before = i < 0   ? r.GetString(message, &field)
                                   : isNew ? std::string()
                                           : r.GetRepeatedString(message, &field, i);
        return assign(&R::SetString, &R::SetRepeatedString, &R::AddString, text(before));
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return mutate(i < 0 ? *r.MutableMessage(&message, &field)
                            : *r.MutableRepeatedMessage(&message, &field, i));
      default:
        return;
    }
  }

  std::minstd_rand random_;
  std::vector<std::string> words_;
};

}  // namespace

/// Most changes keep the bytes an ONNX model, the others may break the encoding.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t maxSize, unsigned seed) {
  onnx::ModelProto model;
  if (seed % 8 == 0 || !model.ParseFromArray(data, static_cast<int>(size))) {
    return LLVMFuzzerMutate(data, size, maxSize);
  }
  MessageMutator mutator(seed);
  for (unsigned i = 0; i <= seed / 8 % 3; ++i) mutator.mutate(model);
  const std::size_t changed = model.ByteSizeLong();
  if (changed > maxSize) return LLVMFuzzerMutate(data, size, maxSize);
  model.SerializeToArray(data, static_cast<int>(changed));
  return changed;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  npusim::fuzz::onnxModel({reinterpret_cast<const char*>(data), size});
  return 0;
}
