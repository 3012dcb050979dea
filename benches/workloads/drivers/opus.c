// Encodes and decodes argv[1] seconds of sound with Opus in fixed point, as music (stereo, 48 kHz) and as a voice (mono,
// 16 kHz), and prints lengths and checksums (FNV-1a) of the packets and of what was heard.
#include <opus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t hash(uint32_t fnv, const void *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) fnv = (fnv ^ ((const uint8_t *)bytes)[i]) * 16777619u;
  return fnv;
}

// A triangle of this height and period (in 65,536ths of a sample), which needs no library's sine.
static int triangle(uint32_t phase, int height) {
  int at = (int)(phase >> 16) - 32768;
  return (int)((int64_t)(at < 0 ? -at : at) * height / 16384) - height;
}

static void round_trip(int rate, int channels, int application, int bits, int seconds) {
  int error, len = rate / 50;
  OpusEncoder *encoder = opus_encoder_create(rate, channels, application, &error);
  OpusDecoder *decoder = error == OPUS_OK ? opus_decoder_create(rate, channels, &error) : NULL;
  if (error != OPUS_OK) exit(1);
  opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bits));
  opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(8));
  static int16_t sound[2 * 960], heard[2 * 960];
  static uint8_t packet[1500];
  uint32_t noise = 1, phase[6] = {0}, packets = 2166136261u, samples = packets, bytes = 0;
  for (int frame = 0; frame < 50 * seconds; frame++) {
    for (int i = 0; i < len; i++) {
      noise = noise * 1664525u + 1013904223u;
      int voiced = frame % 25 < 18, left = 0, right = 0;
      for (int tone = 0; tone < 6; tone++) {
        uint32_t hertz = 110u * (uint32_t)(tone + 1) + (uint32_t)(frame % 40);
        phase[tone] += (uint32_t)(((uint64_t)hertz << 32) / (uint32_t)rate);
        int part = triangle(phase[tone], 5000 / (tone + 1));
        left += part, right += tone % 2 ? part / 3 : part;
      }
      int hiss = (int)(noise >> 22) - 512;
      left = voiced ? left + hiss / 4 : hiss, right = voiced ? right - hiss / 4 : hiss;
      if (channels == 2)
        sound[2 * i] = (int16_t)left, sound[2 * i + 1] = (int16_t)right;
      else
        sound[i] = (int16_t)left;
    }
    int packed = opus_encode(encoder, sound, len, packet, sizeof packet);
    if (packed < 0 || opus_decode(decoder, packet, packed, heard, len, 0) != len) exit(1);
    bytes += (uint32_t)packed;
    packets = hash(packets, packet, (size_t)packed);
    samples = hash(samples, heard, (size_t)(len * channels) * sizeof *heard);
  }
  printf("%d Hz: %u bytes, packets %08x, samples %08x\n", rate, bytes, packets, samples);
}

int main(int argc, char **argv) {
  if (argc != 2) return 1;
  round_trip(48000, 2, OPUS_APPLICATION_AUDIO, 96000, atoi(argv[1]));
  round_trip(16000, 1, OPUS_APPLICATION_VOIP, 20000, atoi(argv[1]));
  return 0;
}
