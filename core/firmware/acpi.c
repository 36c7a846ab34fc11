// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ACPI tables: RSDP -> XSDT or RSDT -> everything else.
 */
#include <quietus/bytes.h>
#include <quietus/firmware.h>
#include <quietus/memory.h>

/* RSDP (ACPI 6.5, 5.2.5.3). The first 20 bytes are all there was in ACPI 1.0. */
#define RSDP_REVISION    15
#define RSDP_RSDT        16
#define RSDP_V1_SIZE     20
#define RSDP_LENGTH      20
#define RSDP_XSDT        24
#define RSDP_V2_SIZE     36
#define RSDP_LENGTH_MAX  256 /* it has been 36 since ACPI 2.0 */
#define RSDP_SCAN_STEP   16  /* 5.2.5.1 */
#define RSDP_SIGNATURE   "RSD PTR "
#define RSDP_REVISION_V2 2

#define RSDP_CHECKSUM    8
#define RSDP_CHECKSUM_V2 32

/* Header of every other table (5.2.6). */
#define TABLE_LENGTH   4
#define TABLE_REVISION 8
#define TABLE_CHECKSUM 9
#define TABLE_HEADER   36

/* More entries than this in a root table are not believed. */
#define ROOT_ENTRIES_MAX 1024u

#define CHUNK 256

/* Adds up the bytes of [at, at + len); a sound table's sum is 0. */
static int sum_memory(const struct qt_host *host, qt_phys at, uint32_t len, uint8_t *sum)
{
	uint8_t chunk[CHUNK];

	*sum = 0;
	while (len > 0) {
		uint32_t n = len < CHUNK ? len : CHUNK;
		int error = host->read(host->context, at, chunk, n);
		if (error)
			return error;
		for (uint32_t i = 0; i < n; i++)
			*sum = (uint8_t)(*sum + chunk[i]);
		at += n;
		len -= n;
	}
	return QT_OK;
}

static int check_sum(const struct qt_host *host, qt_phys at, uint32_t len)
{
	uint8_t sum;

	int error = sum_memory(host, at, len, &sum);
	if (error)
		return error;
	return sum == 0 ? QT_OK : QT_E_BAD;
}

static bool wraps(qt_phys at, uint64_t len)
{
	return at > UINT64_MAX - len;
}

/* Reads a table's header and checks its length, which *len is set to. */
static int read_header(
	const struct qt_host *host, qt_phys at, uint8_t header[TABLE_HEADER], uint32_t *len)
{
	if (at == 0 || wraps(at, QT_ACPI_TABLE_MAX))
		return QT_E_BAD;

	int error = host->read(host->context, at, header, TABLE_HEADER);
	if (error)
		return error;
	*len = qt_le32(header + TABLE_LENGTH);
	return *len >= TABLE_HEADER && *len <= QT_ACPI_TABLE_MAX ? QT_OK : QT_E_BAD;
}

/* Reads the RSDP and checks it; what an old one does not have is 0. */
static int read_rsdp(const struct qt_host *host, qt_phys at, uint8_t rsdp[RSDP_V2_SIZE])
{
	if (wraps(at, RSDP_LENGTH_MAX))
		return QT_E_BAD;

	memset(rsdp, 0, RSDP_V2_SIZE);
	int error = host->read(host->context, at, rsdp, RSDP_V1_SIZE);
	if (error)
		return error;
	if (memcmp(rsdp, RSDP_SIGNATURE, sizeof(RSDP_SIGNATURE) - 1) != 0)
		return QT_E_BAD;
	error = check_sum(host, at, RSDP_V1_SIZE);
	if (error || rsdp[RSDP_REVISION] < RSDP_REVISION_V2)
		return error;

	error = host->read(host->context, at, rsdp, RSDP_V2_SIZE);
	if (error)
		return error;
	uint32_t len = qt_le32(rsdp + RSDP_LENGTH);
	if (len < RSDP_V2_SIZE || len > RSDP_LENGTH_MAX)
		return QT_E_BAD;
	return check_sum(host, at, len);
}

static int open_root(struct qt_acpi *acpi, qt_phys at, const char signature[4], unsigned entry_size)
{
	uint8_t header[TABLE_HEADER];
	uint32_t len;

	int error = read_header(acpi->host, at, header, &len);
	if (error)
		return error;
	if (memcmp(header, signature, 4) != 0)
		return QT_E_BAD;
	error = check_sum(acpi->host, at, len);
	if (error)
		return error;

	acpi->root = at;
	acpi->entry_size = entry_size;
	acpi->entries = (len - TABLE_HEADER) / entry_size;
	return QT_OK;
}

int qt_acpi_open(struct qt_acpi *acpi, const struct qt_host *host, qt_phys at)
{
	uint8_t rsdp[RSDP_V2_SIZE];

	*acpi = (struct qt_acpi){.host = host};
	int error = read_rsdp(host, at, rsdp);
	if (error)
		return error;

	qt_phys xsdt = qt_le64(rsdp + RSDP_XSDT);
	qt_phys rsdt = qt_le32(rsdp + RSDP_RSDT);
	if (xsdt != 0) {
		error = open_root(acpi, xsdt, "XSDT", 8);
		if (!error || rsdt == 0)
			return error;
	}
	return open_root(acpi, rsdt, "RSDT", 4);
}

int qt_acpi_scan_rsdp(const struct qt_host *host, qt_phys start, qt_phys end, qt_phys *rsdp)
{
	uint8_t found[RSDP_V2_SIZE];

	for (qt_phys at = start; at < end && end - at >= RSDP_V1_SIZE; at += RSDP_SCAN_STEP) {
		if (read_rsdp(host, at, found) == QT_OK) {
			*rsdp = at;
			return QT_OK;
		}
	}
	return QT_E_NOTFOUND;
}

/* Address in the root table's entry `index`, 0 if it cannot be read. */
static qt_phys entry_address(const struct qt_acpi *acpi, unsigned index)
{
	uint8_t entry[8] = {0};
	qt_phys at = acpi->root + TABLE_HEADER + (qt_phys)index * acpi->entry_size;

	if (acpi->host->read(acpi->host->context, at, entry, acpi->entry_size))
		return 0;
	return qt_le64(entry);
}

/* Copies a table whole and checks the copy: leftover DMA may change the original. */
static int copy_table(const struct qt_acpi *acpi, struct qt_arena *arena, qt_phys at, uint32_t len,
	const uint8_t **table)
{
	size_t used = arena->used;
	uint8_t *copy = qt_alloc(arena, len, 8);
	if (!copy)
		return QT_E_NOMEM;

	int error = acpi->host->read(acpi->host->context, at, copy, len);
	if (!error) {
		uint8_t sum = 0;
		for (uint32_t i = 0; i < len; i++)
			sum = (uint8_t)(sum + copy[i]);
		if (sum != 0 || qt_le32(copy + TABLE_LENGTH) != len)
			error = QT_E_BAD;
	}
	if (error) {
		arena->used = used;
		return error;
	}
	*table = copy;
	return QT_OK;
}

int qt_acpi_table(const struct qt_acpi *acpi, struct qt_arena *arena, const char signature[4],
	unsigned instance, const uint8_t **table, size_t *len)
{
	for (unsigned i = 0; i < acpi->entries; i++) {
		uint8_t header[TABLE_HEADER] = {0};
		uint32_t length = 0;
		qt_phys at = entry_address(acpi, i);

		/*
		 * Where not even the signature can be read, another entry may still
		 * be the one wanted. With the signature, a wrong length is an error:
		 * the table is there, and must not look as if it were not.
		 */
		int error = read_header(acpi->host, at, header, &length);
		if (memcmp(header, signature, 4) != 0)
			continue;
		if (instance > 0) {
			instance--;
			continue;
		}
		if (error)
			return error;

		error = copy_table(acpi, arena, at, length, table);
		if (!error)
			*len = length;
		return error;
	}
	return QT_E_NOTFOUND;
}

static void put_le(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* Makes the bytes of [at, at + len) add up to 0 by the one at `checksum`. */
static void set_sum(uint8_t *at, size_t len, size_t checksum)
{
	uint8_t sum = 0;

	at[checksum] = 0;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + at[i]);
	at[checksum] = (uint8_t)-sum;
}

void qt_acpi_seal(uint8_t *table, size_t len)
{
	put_le(table + TABLE_LENGTH, len, 4);
	set_sum(table, len, TABLE_CHECKSUM);
}

/* A root table with 64-bit entries, whatever the original's; what cannot be read stays in. */
static int copy_root(const struct qt_acpi *acpi, struct qt_arena *arena, const char signature[4],
	qt_phys instead, uint8_t **root)
{
	size_t len = TABLE_HEADER;
	int error;

	if (acpi->entries > ROOT_ENTRIES_MAX)
		return QT_E_LIMIT;
	*root = qt_alloc(arena, TABLE_HEADER + (acpi->entries + 1) * 8, 16);
	if (!*root)
		return QT_E_NOMEM;
	error = acpi->host->read(acpi->host->context, acpi->root, *root, TABLE_HEADER);
	for (unsigned i = 0; i < acpi->entries && !error; i++) {
		uint8_t header[TABLE_HEADER] = {0};
		uint32_t length;
		qt_phys at = entry_address(acpi, i);

		(void)read_header(acpi->host, at, header, &length);
		if (memcmp(header, signature, 4) == 0)
			continue;
		put_le(*root + len, at, 8);
		len += 8;
	}
	if (instead) {
		put_le(*root + len, instead, 8);
		len += 8;
	}
	memcpy(*root, "XSDT", 4);
	(*root)[TABLE_REVISION] = 1;
	qt_acpi_seal(*root, len);
	return error;
}

int qt_acpi_replace(const struct qt_acpi *acpi, struct qt_arena *arena, const char signature[4],
	qt_phys instead, qt_phys *rsdp)
{
	uint8_t *root, *copy;
	int error = copy_root(acpi, arena, signature, instead, &root);

	if (error)
		return error;
	copy = qt_alloc(arena, RSDP_V2_SIZE, 16);
	if (!copy)
		return QT_E_NOMEM;
	memcpy(copy, RSDP_SIGNATURE, sizeof(RSDP_SIGNATURE) - 1);
	copy[RSDP_REVISION] = RSDP_REVISION_V2;
	put_le(copy + RSDP_LENGTH, RSDP_V2_SIZE, 4);
	put_le(copy + RSDP_XSDT, qt_arena_phys(arena, root), 8);
	set_sum(copy, RSDP_V1_SIZE, RSDP_CHECKSUM);
	set_sum(copy, RSDP_V2_SIZE, RSDP_CHECKSUM_V2);
	*rsdp = qt_arena_phys(arena, copy);
	return QT_OK;
}
