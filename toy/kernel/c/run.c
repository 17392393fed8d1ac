// The one function that Go calls: which operation, and where its arguments stand. One signature for all keeps the two ways of
// calling (host_js.go, host_native.go) free of lists.
#include "kernel.h"

// The order is kernel.go's list of operations; a test compares the two.
enum operation {
  op_matmul,
  op_matmul_add,
  op_matmul_gelu,
  op_matmul_backward_input,
  op_matmul_backward_input_add,
  op_matmul_backward_weight,
  op_layernorm,
  op_layernorm_backward,
  op_attention,
  op_attention_backward,
  op_attend_cached,
  op_embed,
  op_embed_backward,
  op_gather,
  op_gather_backward,
  op_softmax,
  op_cross_entropy_backward,
  op_kl,
  op_sum_squares,
  op_adamw,
};

// The layout of kernel.go's arguments. An address takes eight bytes in both hosts.
struct arguments {
  uint64_t address[8];
  int32_t size[4];
  float number[10];
  double result;
};

#define F(i) ((float *)(uintptr_t)call->address[i])
#define I(i) ((int32_t *)(uintptr_t)call->address[i])
#define N(i) call->size[i]
#define X(i) call->number[i]

__attribute__((export_name("run"))) void run(int32_t operation, struct arguments *call) {
  switch ((enum operation)operation) {
    case op_matmul: matmul(F(0), F(1), F(2), F(3), F(4), N(0), N(1), N(2), N(3)); break;
    case op_matmul_add: matmul_add(F(0), F(1), F(2), F(3), F(4), F(5), N(0), N(1), N(2), N(3)); break;
    case op_matmul_gelu: matmul_gelu(F(0), F(1), F(2), F(3), F(4), F(5), N(0), N(1), N(2), N(3)); break;
    case op_matmul_backward_input: matmul_backward_input(F(0), F(1), F(2), F(3), F(4), N(0), N(1), N(2), N(3)); break;
    case op_matmul_backward_input_add: matmul_backward_input_add(F(0), F(1), F(2), F(3), N(0), N(1), N(2), N(3)); break;
    case op_matmul_backward_weight:
      matmul_backward_weight(F(0), F(1), F(2), F(3), F(4), F(5), N(0), N(1), N(2), N(3));
      break;
    case op_layernorm: layernorm(F(0), F(1), F(2), F(3), F(4), F(5), N(0), N(1)); break;
    case op_layernorm_backward: layernorm_backward(F(0), F(1), F(2), F(3), F(4), F(5), F(6), F(7), N(0), N(1)); break;
    case op_attention: attention(F(0), F(1), F(2), F(3), I(4), F(5), N(0), N(1), N(2)); break;
    case op_attention_backward:
      attention_backward(F(0), F(1), F(2), F(3), F(4), F(5), I(6), F(7), N(0), N(1), N(2));
      break;
    case op_attend_cached: attend_cached(F(0), F(1), F(2), I(3), F(4), N(0), N(1), N(2), N(3)); break;
    case op_embed: embed(F(0), F(1), F(2), I(3), I(4), N(0), N(1)); break;
    case op_embed_backward: embed_backward(F(0), F(1), F(2), I(3), I(4), N(0), N(1)); break;
    case op_gather: gather(F(0), F(1), I(2), N(0), N(1)); break;
    case op_gather_backward: gather_backward(F(0), F(1), I(2), N(0), N(1)); break;
    case op_softmax: softmax(F(0), F(1), F(2), N(0), N(1), X(0)); break;
    case op_cross_entropy_backward: cross_entropy_backward(F(0), F(1), F(2), N(0), N(1)); break;
    case op_kl: kl(F(0), F(1), F(2), N(0), N(1)); break;
    case op_sum_squares: call->result = sum_squares(F(0), N(0)); break;
    case op_adamw:
      adamw(F(0), F(1), F(2), F(3), N(0), X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8));
      break;
  }
}
