//go:build cgo && !nodlib

// The C++ of this package and of go-face is compiled for x86-64-v3. Its static
// initialisers run before Go's main, so the CPU is looked at before all of them:
// .preinit_array runs ahead of every initialiser, those of shared libraries
// included. This file is compiled for plain x86-64.

#if defined(__x86_64__) && defined(__linux__)

#include <string.h>
#include <unistd.h>

#ifdef __AVX__
#error "cpu.c must be compiled for plain x86-64: keep -march out of CFLAGS"
#endif

static void append(char *to, size_t room, const char *text) {
	strncat(to, text, room - strlen(to) - 1);
}

static void require_cpu(int argc, char **argv, char **envp) {
	(void)argc, (void)argv, (void)envp;
	char missing[128] = "";
	__builtin_cpu_init();
#define NEED(feature, name) \
	if (!__builtin_cpu_supports(feature)) append(missing, sizeof missing, " " name)
	NEED("avx", "AVX");
	NEED("avx2", "AVX2");
	NEED("bmi", "BMI1");
	NEED("bmi2", "BMI2");
	NEED("f16c", "F16C");
	NEED("fma", "FMA");
	NEED("lzcnt", "LZCNT");
	NEED("movbe", "MOVBE");
	if (!missing[0])
		return;
	char text[512] = "the face engine of this build needs a CPU of level x86-64-v3 (Intel Haswell, AMD Zen or later); this one lacks";
	append(text, sizeof text, missing);
	append(text, sizeof text, ". Use a newer machine, let the virtual machine pass the host's CPU features through, or use a build without face engine (CGO_ENABLED=0, tag nodlib).\n");
	ssize_t written = write(STDERR_FILENO, text, strlen(text));
	(void)written;
	_exit(1);
}

__attribute__((section(".preinit_array"), used)) static void (*const vigie_require_cpu)(int, char **, char **) = require_cpu;

#endif
