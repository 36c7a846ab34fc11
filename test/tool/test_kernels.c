/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A distribution's own kernels, signed as they come, through the real signing tools. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

#define PREFIX (2u << 20)

/* Calls test on a fresh folder's "vmlinuz" for every kernel of QT_TEST_KERNELS. */
static void for_each_kernel(void (*test)(void))
{
	char *list = strdup(getenv("QT_TEST_KERNELS"));
	char *rest = list;
	int count = 0;

	for (char *path; (path = strsep(&rest, " "));) {
		struct bytes kernel;

		if (!*path)
			continue;
		kernel = read_file(path);
		write_file("vmlinuz", kernel.data, kernel.size);
		free(kernel.data);
		test();
		count++;
	}
	assert_true(count > 0);
	free(list);
}

static void wrap_with(const char *stage)
{
	struct outcome outcome = quietus("wrap", "--stage", stage, "vmlinuz", NULL);

	assert_success(&outcome);
}

static void wrap_kernel(void)
{
	wrap_with(getenv("QT_TEST_STAGE"));
}

static void assert_unwraps_to_kernel(const char *wrapped)
{
	struct bytes kernel = read_file("vmlinuz");
	struct outcome outcome = quietus("unwrap", "--output", "back", wrapped, NULL);

	assert_success(&outcome);
	assert_file_is("back", kernel.data, kernel.size);
	free(kernel.data);
}

static void assert_runs(struct outcome outcome)
{
	if (outcome.code != 0)
		fail_msg("exit code %d, '%s', '%s'", outcome.code, outcome.output, outcome.errors);
}

static void make_key(void)
{
	assert_runs(run_program("openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes",
		"-subj", "/CN=Quietus test/", "-days", "2", "-keyout", "key", "-out", "cert",
		NULL));
}

static struct outcome verify(const char *path)
{
	return run_program("sbverify", "--cert", "cert", path, NULL);
}

static struct outcome sign(const char *path, const char *output)
{
	struct outcome outcome = run_program(
		"sbsign", "--key", "key", "--cert", "cert", "--output", output, path, NULL);

	assert_runs(outcome);
	assert_runs(verify(output));
	return outcome;
}

/* Offset of the certificate table's entry in the PE data directories. */
static uint32_t certificate_directory(const uint8_t *image)
{
	return le32(image + 0x3c) + 24 + 112 + 8 * 4;
}

static void round_trip(void)
{
	struct outcome outcome;

	wrap_kernel();
	outcome = quietus("wrap", "--check", "vmlinuz.quietus", NULL);
	assert_success(&outcome);
	assert_string_equal(outcome.output, "vmlinuz.quietus: stage version stub-1.2.3\n");
	assert_unwraps_to_kernel("vmlinuz.quietus");
}

static void kernels_come_back_byte_for_byte(void **state)
{
	(void)state;
	for_each_kernel(round_trip);
}

static void sign_and_unwrap(void)
{
	struct bytes kernel = read_file("vmlinuz");
	struct outcome outcome;

	/* Or this would not show that a signature of the original's survives. */
	assert_int_not_equal(le32(kernel.data + certificate_directory(kernel.data)), 0);
	free(kernel.data);
	wrap_kernel();
	sign("vmlinuz.quietus", "signed");
	outcome = quietus("wrap", "--check", "signed", NULL);
	assert_success(&outcome);
	assert_string_equal(outcome.output, "signed: stage version stub-1.2.3, signed\n");
	assert_unwraps_to_kernel("signed");
}

static void a_signed_wrapped_kernel_verifies_and_unwraps(void **state)
{
	(void)state;
	make_key();
	for_each_kernel(sign_and_unwrap);
}

/* Without an older signature behind the sections, the signing tool finds nothing odd. */
static void sign_without_first_signature(void)
{
	struct outcome outcome;

	assert_runs(run_program("sbattach", "--remove", "vmlinuz", NULL));
	wrap_kernel();
	outcome = sign("vmlinuz.quietus", "signed");
	assert_null(strstr(outcome.errors, "warning"));
	assert_unwraps_to_kernel("signed");
}

static void an_unsigned_kernel_can_be_wrapped_and_signed(void **state)
{
	(void)state;
	make_key();
	for_each_kernel(sign_without_first_signature);
}

static void assert_flip_is_noticed(struct bytes *image, size_t offset)
{
	struct outcome outcome;

	image->data[offset] ^= 1;
	write_file("flipped", image->data, image->size);
	outcome = verify("flipped");
	if (outcome.code == 0)
		fail_msg("a changed byte at 0x%zx went unnoticed", offset);
	image->data[offset] ^= 1;
}

static void flip_bytes(void)
{
	struct bytes image;
	uint32_t setup_size, prefix;

	wrap_kernel();
	sign("vmlinuz.quietus", "signed");
	image = read_file("signed");
	setup_size = 512u * (image.data[SETUP_SECTS] + 1u);
	prefix = setup_size;
	assert_flip_is_noticed(&image, INIT_SIZE);
	assert_flip_is_noticed(&image, prefix);                    /* stage's first byte */
	assert_flip_is_noticed(&image, prefix + 0x40);             /* its header */
	assert_flip_is_noticed(&image, prefix + 0x200);            /* its 64-bit entry */
	assert_flip_is_noticed(&image, prefix + 0x2000 + SYSSIZE); /* the saved setup sectors */
	assert_flip_is_noticed(&image, prefix + PREFIX - 1);       /* the prefix's last byte */
	assert_flip_is_noticed(&image, prefix + PREFIX);           /* the original's first byte */
	free(image.data);
}

static void a_changed_byte_breaks_the_signature(void **state)
{
	(void)state;
	make_key();
	for_each_kernel(flip_bytes);
}

static void replace_signed_stage(void)
{
	struct bytes wrapped;
	struct outcome outcome;

	wrap_kernel();
	wrapped = read_file("vmlinuz.quietus");
	sign("vmlinuz.quietus", "signed");
	outcome =
		quietus("wrap", "--stage", getenv("QT_TEST_STAGE"), "-o", "again", "signed", NULL);
	assert_success(&outcome);
	assert_file_is("again", wrapped.data, wrapped.size);
	free(wrapped.data);
}

static void wrapping_a_signed_wrapped_kernel_drops_the_signature(void **state)
{
	(void)state;
	make_key();
	for_each_kernel(replace_signed_stage);
}

/* Kernels of up to 6.6 have another layout, which the signing tools must take too. */
static void both_pe_layouts_can_be_signed(void **state)
{
	static const enum pe_layout layouts[] = {PE_BYTE_ALIGNED, PE_PAGE_ALIGNED};

	(void)state;
	make_key();
	for (size_t l = 0; l < 2; l++) {
		struct synthetic s = synthetic_image(layouts[l]);

		write_file("vmlinuz", s.image.data, s.image.size);
		free(s.image.data);
		sign_and_unwrap();
		flip_bytes();
	}
}

/*
 * arm64: the stage's own PE header is what is signed, so it has to be the real one. All
 * of the file is behind the signature, the original as well as what came out of it.
 */
static void sign_arm64(const char *stage)
{
	struct qt_stage_header header;
	struct outcome outcome;
	struct bytes image;

	wrap_with(stage);
	outcome = sign("vmlinuz.quietus", "signed");
	assert_null(strstr(outcome.errors, "warning"));
	outcome = quietus("wrap", "--check", "signed", NULL);
	assert_success(&outcome);
	assert_non_null(strstr(outcome.output, ", signed\n"));
	assert_unwraps_to_kernel("signed");

	image = read_file("signed");
	memcpy(&header, image.data + QT_STAGE_HEADER_OFFSET, sizeof(header));
	/* What kernels ask of an Image that they verify (verify_pefile.c, kexec_image.c). */
	assert_memory_equal(image.data, "MZ", 2);
	assert_memory_equal(image.data + ARM64_MAGIC, "ARM\x64", 4);
	/* They load the signature, too (kexec_core.c, sanity_check_segment_list). */
	assert_true(le32(image.data + ARM64_IMAGE_SIZE) >= image.size);
	assert_flip_is_noticed(&image, ARM64_IMAGE_SIZE);
	assert_flip_is_noticed(&image, QT_STAGE_HEADER_OFFSET);
	assert_flip_is_noticed(&image, 0x200); /* the first byte of code */
	assert_flip_is_noticed(&image, header.image_size - 1);
	assert_flip_is_noticed(&image, header.image_size);
	assert_flip_is_noticed(&image, header.prefix_size);
	assert_flip_is_noticed(&image, header.original_offset);
	assert_flip_is_noticed(&image, header.original_offset + (size_t)header.original_size - 1);
	free(image.data);
}

static void wrapped_arm64_images_can_be_signed(void **state)
{
	const char *stage = getenv("QT_TEST_STAGE_ARM64");
	struct bytes kernel = synthetic_arm64_image(0x80000), packed;

	(void)state;
	if (access(stage, F_OK) != 0) {
		print_message("%s is not there\n", stage);
		skip();
	}
	make_key();
	write_file("vmlinuz", kernel.data, kernel.size);
	sign_arm64(stage);
	assert_runs(run_program("gzip", "-n", "-k", "vmlinuz", NULL));
	packed = read_file("vmlinuz.gz");
	write_file("vmlinuz", packed.data, packed.size);
	sign_arm64(stage);
	free(packed.data);
	free(kernel.data);
}

/* The kernel's own start-up code goes through the stage's 32-bit entry: QEMU starts it in real
 * mode. */
static void boot(void)
{
	struct outcome outcome;

	wrap_kernel();
	outcome = run_program("timeout", "120", "qemu-system-x86_64", "-machine", "q35", "-m",
		"512", "-display", "none", "-monitor", "none", "-serial", "file:console",
		"-no-reboot", "-net", "none", "-kernel", "vmlinuz.quietus", "-append",
		"console=ttyS0 panic=-1", NULL);
	assert_runs(outcome);
	assert_runs(run_program("grep", "-q", "Unable to mount root fs", "console", NULL));
}

static void a_wrapped_kernel_boots_in_the_ordinary_way(void **state)
{
	(void)state;
	for_each_kernel(boot);
}

static const struct CMUnitTest tests[] = {
	TEST(kernels_come_back_byte_for_byte),
	TEST(a_signed_wrapped_kernel_verifies_and_unwraps),
	TEST(an_unsigned_kernel_can_be_wrapped_and_signed),
	TEST(a_changed_byte_breaks_the_signature),
	TEST(wrapping_a_signed_wrapped_kernel_drops_the_signature),
	TEST(both_pe_layouts_can_be_signed),
	TEST(wrapped_arm64_images_can_be_signed),
	TEST(a_wrapped_kernel_boots_in_the_ordinary_way),
};

const struct suite kernel_suite = SUITE(tests);
