// Cuts, joins and widens argv[1] times shapes with argv[2] corners, and prints how many corners come out, and a checksum.
#include <clipper.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

using namespace ClipperLib;

static uint64_t state = 41;

static int some(int below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return int((state >> 33) % unsigned(below));
}

static Path star(int corners) {
  Path path;
  const int x = some(10000), y = some(10000), size = 500 + some(4000);
  for (int corner = 0; corner < corners; corner++) {
    const double angle = 6.283185307 * corner / corners, far = size * (corner % 2 ? 0.5 + 0.01 * some(30) : 1.0);
    path.push_back(IntPoint(x + cInt(far * std::cos(angle)), y + cInt(far * std::sin(angle))));
  }
  return path;
}

static uint64_t corners, sum;

static void count(const Paths &paths) {
  for (const Path &path : paths) {
    corners += path.size();
    for (const IntPoint &point : path) sum = sum * 31 + uint64_t(point.X) * 7 + uint64_t(point.Y);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 1;
  for (int round = 0; round < atoi(argv[1]); round++) {
    Paths subject, clip, result;
    for (int i = 0; i < 12; i++) subject.push_back(star(atoi(argv[2])));
    for (int i = 0; i < 6; i++) clip.push_back(star(atoi(argv[2])));
    const ClipType types[] = {ctIntersection, ctUnion, ctDifference, ctXor};
    for (ClipType type : types) {
      Clipper clipper;
      clipper.AddPaths(subject, ptSubject, true);
      clipper.AddPaths(clip, ptClip, true);
      clipper.Execute(type, result, pftNonZero, pftEvenOdd);
      count(result);
    }
    CleanPolygons(result);
    ClipperOffset offset;
    offset.AddPaths(result, jtRound, etClosedPolygon);
    offset.Execute(result, 25.0);
    count(result);
    PolyTree tree;
    Clipper clipper;
    clipper.AddPaths(result, ptSubject, true);
    clipper.Execute(ctUnion, tree, pftPositive);
    corners += unsigned(tree.Total());
  }
  printf("%llu corners %016llx\n", (unsigned long long)corners, (unsigned long long)sum);
}
