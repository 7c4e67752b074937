// The C side of a model: everything the Rust side calls, for one verilated design. Included by generated code that
// defines Vm, PORTS and PORT_COUNT.

#if VM_TRACE
#include "verilated_fst_c.h"
#endif
#include <cstdio>
#include <memory>
#include <string>

namespace {

struct Stopped {};

struct Instance {
    VerilatedContext context;
    std::unique_ptr<Vm> model;
    std::string reason;
    uint64_t random;
#if VM_TRACE
    std::unique_ptr<VerilatedFstC> fst;
#endif
};

// The instance whose code this thread runs: where the runtime's hooks below find it.
thread_local Instance* current;

uint64_t next_random() {
    // SplitMix64.
    uint64_t z = (current->random += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

void enter(Instance* i) {
    current = i;
    Verilated::threadContextp(&i->context);
}

inline void step(Instance* i) {
    i->model->eval();
    i->context.timeInc(1);
#if VM_TRACE
    if (VL_UNLIKELY(i->fst)) i->fst->dump(i->context.time());
#endif
}

// After a stop the design's state is not to be relied on, so it is not evaluated any more.
template <class Body> void guarded(Instance* i, Body body) {
    if (VL_UNLIKELY(!i->reason.empty())) return;
    enter(i);
    try {
        body();
    } catch (const Stopped&) {
    }
}

void eval(Instance* i) {
    guarded(i, [&] { step(i); });
}

inline void clock_cycle(Instance* i) {
    SET_CLOCK(i, 0);
    step(i);
    SET_CLOCK(i, 1);
    step(i);
}

void run(Instance* i, uint64_t cycles) {
    guarded(i, [&] {
        for (; cycles; --cycles) clock_cycle(i);
    });
}

// Runs until the port at `offset`, of 1 << log_bytes bytes and masked, has the value, tested after each cycle.
template <class T> bool until(Instance* i, const char* at, uint64_t mask, uint64_t value, uint64_t limit) {
    const T* port = reinterpret_cast<const T*>(at);
    for (; limit; --limit) {
        clock_cycle(i);
        if ((*port & mask) == value) return true;
    }
    return false;
}

uint8_t run_until(Instance* i, uint64_t offset, uint32_t log_bytes, uint64_t mask, uint64_t value, uint64_t limit) {
    const char* at = reinterpret_cast<const char*>(i->model->rootp) + offset;
    bool found = false;
    guarded(i, [&] {
        switch (log_bytes) {
        case 0: found = until<uint8_t>(i, at, mask, value, limit); break;
        case 1: found = until<uint16_t>(i, at, mask, value, limit); break;
        case 2: found = until<uint32_t>(i, at, mask, value, limit); break;
        default: found = until<uint64_t>(i, at, mask, value, limit); break;
        }
    });
    return found;
}

void destroy(Instance* i) {
    enter(i);
    try {
        if (i->reason.empty()) i->model->final();
    } catch (const Stopped&) {
    }
#if VM_TRACE
    if (i->fst) i->fst->close();
#endif
    Verilated::threadContextp(nullptr);
    current = nullptr;
    delete i;
}

Instance* create(uint64_t seed) {
    auto* i = new Instance;
    i->context.threads(1);
    i->context.randReset(2);
    i->random = seed;
    enter(i);
    // Verilator takes 31 bits and reads 0 as "choose one".
    i->context.randSeed(static_cast<int>(next_random() >> 33) | 1);
#if VM_TRACE
    i->context.traceEverOn(true);
#endif
    i->model = std::make_unique<Vm>(&i->context, "");
    return i;
}

void* base(Instance* i) { return i->model->rootp; }
uint64_t time(Instance* i) { return i->context.time(); }
const char* reason(Instance* i) { return i->reason.empty() ? nullptr : i->reason.c_str(); }

uint8_t trace_open(Instance* i, const char* path) {
#if VM_TRACE
    enter(i);
    if (i->fst) i->fst->close();
    i->fst = std::make_unique<VerilatedFstC>();
    i->model->trace(i->fst.get(), 99);
    i->fst->open(path);
    if (i->fst->isOpen()) return 1;
    i->fst.reset();
#endif
    return 0;
}

void trace_close(Instance* i) {
#if VM_TRACE
    if (i->fst) i->fst->close();
    i->fst.reset();
#endif
}

struct Api {
    const Port* ports;
    uint32_t port_count;
    uint8_t traced;
    Instance* (*create)(uint64_t);
    void (*destroy)(Instance*);
    void* (*base)(Instance*);
    void (*eval)(Instance*);
    void (*run)(Instance*, uint64_t);
    uint8_t (*run_until)(Instance*, uint64_t, uint32_t, uint64_t, uint64_t, uint64_t);
    uint64_t (*time)(Instance*);
    const char* (*reason)(Instance*);
    uint8_t (*trace_open)(Instance*, const char*);
    void (*trace_close)(Instance*);
};

const Api API{PORTS, PORT_COUNT, VM_TRACE, create, destroy, base, eval, run, run_until, time, reason, trace_open, trace_close};

std::string at_place(const char* file, int line, const char* what) {
    std::string text = what;
    if (file && *file) text += std::string{" ("} + file + ":" + std::to_string(line) + ")";
    return text;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const Api* karat_model() { return &API; }

// The runtime is compiled with VL_USER_FINISH, VL_USER_STOP and VL_USER_FATAL: its own would abort the process.
void vl_finish(const char* file, int line, const char*) {
    Verilated::threadContextp()->gotFinish(true);
    if (current) current->reason = at_place(file, line, "$finish");
}
void vl_stop(const char* file, int line, const char* hier) { vl_fatal(file, line, hier, "$stop or a failed assertion"); }
void vl_fatal(const char* file, int line, const char*, const char* message) {
    if (!current) return;
    current->reason = at_place(file, line, message);
    throw Stopped{};
}

// Initial values. Verilator's own give every word of a memory the same one.
IData karat_random_i(int bits, uint64_t, uint64_t) { return next_random() & VL_MASK_I(bits); }
QData karat_random_q(int bits, uint64_t, uint64_t) { return next_random() & VL_MASK_Q(bits); }
WDataOutP karat_random_w(int bits, WDataOutP out, uint64_t, uint64_t) {
    const int words = VL_WORDS_I(bits);
    for (int n = 0; n < words; ++n) out[n] = static_cast<EData>(next_random());
    out[words - 1] &= VL_MASK_E(bits);
    return out;
}
