// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sound/asound.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define WAIT_SECONDS 20
#define RATE         48000
#define PERIOD       1024 /* frames */
#define PERIODS      4
#define CHANNELS     2

static void choose(struct snd_pcm_hw_params *params, unsigned int which, unsigned int bit)
{
	struct snd_mask *mask = &params->masks[which - SNDRV_PCM_HW_PARAM_FIRST_MASK];

	memset(mask->bits, 0, sizeof(mask->bits));
	mask->bits[bit / 32] = 1u << bit % 32;
}

static void set(struct snd_pcm_hw_params *params, unsigned int which, unsigned int value)
{
	params->intervals[which - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL] =
		(struct snd_interval){.min = value, .max = value, .integer = 1};
}

static bool set_up(int pcm)
{
	struct snd_pcm_hw_params hardware;
	/* Whatever was played, it goes on. */
	struct snd_pcm_sw_params software = {.period_step = 1,
		.avail_min = PERIOD,
		.start_threshold = 1,
		.stop_threshold = ULONG_MAX};

	memset(&hardware, 0xff, sizeof(hardware));
	hardware.flags = hardware.cmask = 0;
	for (unsigned int i = 0; i < sizeof(hardware.intervals) / sizeof(hardware.intervals[0]);
		i++)
		hardware.intervals[i] = (struct snd_interval){.max = UINT_MAX};
	choose(&hardware, SNDRV_PCM_HW_PARAM_ACCESS, (unsigned int)SNDRV_PCM_ACCESS_RW_INTERLEAVED);
	choose(&hardware, SNDRV_PCM_HW_PARAM_FORMAT, (unsigned int)SNDRV_PCM_FORMAT_S16_LE);
	set(&hardware, SNDRV_PCM_HW_PARAM_CHANNELS, CHANNELS);
	set(&hardware, SNDRV_PCM_HW_PARAM_RATE, RATE);
	set(&hardware, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, PERIOD);
	set(&hardware, SNDRV_PCM_HW_PARAM_PERIODS, PERIODS);
	return !ioctl(pcm, SNDRV_PCM_IOCTL_HW_PARAMS, &hardware) &&
	       !ioctl(pcm, SNDRV_PCM_IOCTL_SW_PARAMS, &software) &&
	       !ioctl(pcm, SNDRV_PCM_IOCTL_PREPARE);
}

/* Starts a stream that never ends. Whether the device has begun to read it. */
static bool play(int pcm)
{
	static int16_t silence[PERIOD * PERIODS * CHANNELS];
	struct snd_xferi frames = {.buf = silence, .frames = PERIOD * PERIODS};
	snd_pcm_sframes_t left = PERIOD * PERIODS;

	if (!set_up(pcm) || ioctl(pcm, SNDRV_PCM_IOCTL_WRITEI_FRAMES, &frames))
		return false;
	for (unsigned int i = 0; left == PERIOD * PERIODS && i < WAIT_SECONDS * 20; i++) {
		settle(50);
		if (ioctl(pcm, SNDRV_PCM_IOCTL_DELAY, &left))
			return false;
	}
	return left != PERIOD * PERIODS;
}

void sounds_play(unsigned int cards)
{
	char path[32];

	for (unsigned int i = 0; i < cards; i++) {
		int pcm;

		snprintf(path, sizeof(path), "/dev/snd/pcmC%uD0p", i);
		pcm = wait_for_path(path, WAIT_SECONDS) ? open(path, O_RDWR | O_CLOEXEC) : -1;
		if (pcm < 0 || !play(pcm))
			say("error=%s does not play: %s", path, strerror(errno));
	}
}
