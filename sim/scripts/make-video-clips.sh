#!/bin/sh
# Makes the video clips of simulated members: a moving test picture with a running time. Needs ffmpeg with libvpx and libx264.
set -eu
cd "$(dirname "$0")/../clips/video"
source="testsrc=size=160x120:rate=15:duration=2"
ffmpeg -loglevel error -y -f lavfi -i "$source" -c:v libvpx -b:v 100k -g 15 -error-resilient 1 test.ivf
# Annex B with parameter sets before each key frame, one slice a frame, no B-frames: what a live encoder sends.
ffmpeg -loglevel error -y -f lavfi -i "$source" -pix_fmt yuv420p -c:v libx264 -profile:v baseline -tune zerolatency \
  -x264-params sliced-threads=0:slices=1:keyint=15:bframes=0:repeat-headers=1:aud=0 -b:v 100k -f h264 test.h264
