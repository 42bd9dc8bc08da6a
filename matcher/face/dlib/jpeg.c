//go:build cgo && !nodlib

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "jpeg.h"

typedef struct {
	struct jpeg_error_mgr pub; // first, so that libjpeg's pointer is ours
	jmp_buf back;
	int outcome;
	int max_scans;
	const volatile int32_t *stop;
} fault;

static void give_up(j_common_ptr c, int outcome) {
	fault *f = (fault *)c->err;
	f->outcome = outcome;
	longjmp(f->back, 1);
}

static void on_error(j_common_ptr c) {
	switch (c->err->msg_code) {
	case JERR_OUT_OF_MEMORY:
	case JERR_NO_BACKING_STORE:
	case JERR_IMAGE_TOO_BIG:
	case JERR_WIDTH_OVERFLOW:
		give_up(c, VIGIE_JPEG_MEMORY);
		break;
	case JERR_ARITH_NOTIMPL:
	case JERR_BAD_PRECISION:
	case JERR_CCIR601_NOTIMPL:
	case JERR_COMPONENT_COUNT:
	case JERR_CONVERSION_NOTIMPL:
	case JERR_FRACT_SAMPLE_NOTIMPL:
	case JERR_NOT_COMPILED:
	case JERR_NOTIMPL:
	case JERR_SOF_UNSUPPORTED:
		give_up(c, VIGIE_JPEG_UNSUPPORTED);
		break;
	default:
		give_up(c, VIGIE_JPEG_CORRUPT);
	}
}

// Warnings mean lost pixels, except these: stray bytes between segments, odd
// application segments, and scan parameters that sequential files don't use.
static void on_message(j_common_ptr c, int level) {
	if (level >= 0)
		return;
	switch (c->err->msg_code) {
	case JWRN_EXTRANEOUS_DATA:
	case JWRN_ADOBE_XFORM:
	case JWRN_JFIF_MAJOR:
	case JWRN_NOT_SEQUENTIAL:
		return;
	}
	give_up(c, VIGIE_JPEG_CORRUPT);
}

static void on_output(j_common_ptr c) { (void)c; }

// on_progress is called for every row of blocks of every scan.
static void on_progress(j_common_ptr c) {
	fault *f = (fault *)c->err;
	if (*f->stop)
		give_up(c, VIGIE_JPEG_STOPPED);
	if (c->is_decompressor && ((j_decompress_ptr)c)->input_scan_number > f->max_scans)
		give_up(c, VIGIE_JPEG_UNSUPPORTED);
}

// coefficient_bytes is what libjpeg keeps of a file with several scans.
static size_t coefficient_bytes(j_decompress_ptr c) {
	size_t sum = 0;
	for (int i = 0; i < c->num_components; i++) {
		jpeg_component_info *p = &c->comp_info[i];
		sum += (size_t)p->width_in_blocks * p->height_in_blocks * sizeof(JBLOCK);
	}
	return sum;
}

// check compares the header with what the caller read from it, and prepares the
// output; it gives up or returns.
static void check(j_decompress_ptr c, const vigie_jpeg_order *o) {
	if (c->image_width != (JDIMENSION)o->width || c->image_height != (JDIMENSION)o->height ||
		c->num_components != o->components)
		give_up((j_common_ptr)c, VIGIE_JPEG_CORRUPT);
	if (c->data_precision != 8 || c->arith_code || (o->components != 1 && o->components != 3))
		give_up((j_common_ptr)c, VIGIE_JPEG_UNSUPPORTED);
	if (jpeg_has_multiple_scans(c) && coefficient_bytes(c) > o->max_memory)
		give_up((j_common_ptr)c, VIGIE_JPEG_MEMORY);
	c->scale_num = (unsigned)o->eighths;
	c->scale_denom = 8;
	c->out_color_space = JCS_RGB;
	c->dct_method = JDCT_ISLOW; // the same pixels whatever the CPU's SIMD
	jpeg_calc_output_dimensions(c);
	if (c->output_components != 3 || o->x < 0 || o->y < 0 || o->w <= 0 || o->h <= 0 ||
		(JDIMENSION)o->x + (JDIMENSION)o->w > c->output_width ||
		(JDIMENSION)o->y + (JDIMENSION)o->h > c->output_height)
		give_up((j_common_ptr)c, VIGIE_JPEG_MISUSE);
}

// read_window decodes row by row and keeps what lies in the window.
static void read_window(j_decompress_ptr c, const vigie_jpeg_order *o, uint8_t *out) {
	int whole_rows = o->x == 0 && (JDIMENSION)o->w == c->output_width;
	size_t line = (size_t)o->w * 3;
	JSAMPROW spare = NULL;
	while (c->output_scanline < (JDIMENSION)(o->y + o->h)) {
		JDIMENSION y = c->output_scanline;
		int wanted = y >= (JDIMENSION)o->y;
		JSAMPROW row = wanted ? out + (size_t)(y - (JDIMENSION)o->y) * line : NULL;
		JSAMPROW target = row;
		if (!wanted || !whole_rows) {
			if (!spare)
				spare = (*c->mem->alloc_small)((j_common_ptr)c, JPOOL_IMAGE, (size_t)c->output_width * 3);
			target = spare;
		}
		if (jpeg_read_scanlines(c, &target, 1) != 1)
			give_up((j_common_ptr)c, VIGIE_JPEG_CORRUPT);
		if (wanted && target == spare)
			memcpy(row, spare + (size_t)o->x * 3, line);
	}
}

int vigie_jpeg_decode(const uint8_t *data, size_t size, vigie_jpeg_order order,
	const volatile int32_t *stop, uint8_t *out, size_t out_size, int *message) {
	struct jpeg_decompress_struct c;
	struct jpeg_progress_mgr progress;
	fault f;
	*message = 0;
	if (order.w <= 0 || order.h <= 0 || order.eighths < 1 || order.eighths > 8 ||
		out_size != (size_t)order.w * (size_t)order.h * 3)
		return VIGIE_JPEG_MISUSE;
	memset(&c, 0, sizeof c); // so that destroy is safe whatever fails first
	memset(&progress, 0, sizeof progress);
	c.err = jpeg_std_error(&f.pub);
	f.pub.error_exit = on_error;
	f.pub.emit_message = on_message;
	f.pub.output_message = on_output;
	f.outcome = VIGIE_JPEG_OK;
	f.max_scans = order.max_scans;
	f.stop = stop;
	if (setjmp(f.back)) {
		*message = f.pub.msg_code;
		jpeg_destroy_decompress(&c);
		return f.outcome;
	}
	jpeg_create_decompress(&c);
	c.mem->max_memory_to_use = (long)order.max_memory;
	progress.progress_monitor = on_progress;
	c.progress = &progress;
	jpeg_mem_src(&c, data, size);
	jpeg_read_header(&c, TRUE);
	check(&c, &order);
	jpeg_start_decompress(&c);
	read_window(&c, &order, out);
	// A window that stops short of the last row leaves the rest unread; a whole
	// picture is complete, so that a missing end marker takes nothing away.
	jpeg_destroy_decompress(&c);
	return VIGIE_JPEG_OK;
}
