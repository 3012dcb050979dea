// Makes a bumpy sphere of argv[1] rings, orders its triangles and points for caches, simplifies it, splits it into meshlets,
// packs and unpacks it, and prints the sizes and a checksum (FNV-1a).
#include <math.h>
#include <meshoptimizer.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <vector>

struct Point {
  float x, y, z;
};

int main(int argc, char **argv) {
  if (argc != 2) return 1;
  const int rings = atoi(argv[1]), sides = 2 * rings;
  std::vector<Point> points;
  std::vector<unsigned> triangles;
  for (int ring = 0; ring <= rings; ring++)
    for (int side = 0; side <= sides; side++) {
      float a = 3.14159265f * float(ring) / float(rings), b = 6.2831853f * float(side) / float(sides);
      float r = 1 + 0.1f * sinf(9 * a) * cosf(7 * b);
      points.push_back({r * sinf(a) * cosf(b), r * sinf(a) * sinf(b), r * cosf(a)});
    }
  for (int ring = 0; ring < rings; ring++)
    for (int side = 0; side < sides; side++) {
      unsigned at = unsigned(ring * (sides + 1) + side), below = at + unsigned(sides) + 1;
      for (unsigned corner : {at, below, at + 1, at + 1, below, below + 1}) triangles.push_back(corner);
    }
  std::vector<unsigned> remap(points.size());
  size_t count = meshopt_generateVertexRemap(remap.data(), triangles.data(), triangles.size(), points.data(), points.size(), sizeof(Point));
  meshopt_remapIndexBuffer(triangles.data(), triangles.data(), triangles.size(), remap.data());
  meshopt_remapVertexBuffer(points.data(), points.data(), points.size(), sizeof(Point), remap.data());
  points.resize(count);
  meshopt_optimizeVertexCache(triangles.data(), triangles.data(), triangles.size(), count);
  meshopt_optimizeOverdraw(triangles.data(), triangles.data(), triangles.size(), &points[0].x, count, sizeof(Point), 1.05f);
  meshopt_optimizeVertexFetch(points.data(), triangles.data(), triangles.size(), points.data(), count, sizeof(Point));
  std::vector<unsigned> simple(triangles.size());
  float error = 0;
  simple.resize(meshopt_simplify(simple.data(), triangles.data(), triangles.size(), &points[0].x, count, sizeof(Point),
      triangles.size() / 5, 0.05f, 0, &error));
  size_t most = meshopt_buildMeshletsBound(triangles.size(), 64, 124);
  std::vector<meshopt_Meshlet> meshlets(most);
  std::vector<unsigned> corners(most * 64);
  std::vector<unsigned char> parts(most * 124 * 3);
  size_t made = meshopt_buildMeshlets(meshlets.data(), corners.data(), parts.data(), triangles.data(), triangles.size(),
      &points[0].x, count, sizeof(Point), 64, 124, 0.5f);
  std::vector<unsigned char> packed(meshopt_encodeIndexBufferBound(triangles.size(), count));
  packed.resize(meshopt_encodeIndexBuffer(packed.data(), packed.size(), triangles.data(), triangles.size()));
  std::vector<unsigned char> packed_points(meshopt_encodeVertexBufferBound(count, sizeof(Point)));
  packed_points.resize(meshopt_encodeVertexBuffer(packed_points.data(), packed_points.size(), points.data(), count, sizeof(Point)));
  std::vector<unsigned> triangles_back(triangles.size());
  std::vector<Point> points_back(count);
  if (meshopt_decodeIndexBuffer(triangles_back.data(), triangles.size(), 4, packed.data(), packed.size()) != 0) return 1;
  if (meshopt_decodeVertexBuffer(points_back.data(), count, sizeof(Point), packed_points.data(), packed_points.size()) != 0) return 1;
  uint32_t fnv = 2166136261u;
  auto hash = [&](const void *data, size_t len) {
    for (size_t i = 0; i < len; i++) fnv = (fnv ^ static_cast<const uint8_t *>(data)[i]) * 16777619u;
  };
  hash(triangles_back.data(), 4 * triangles.size());
  hash(points_back.data(), sizeof(Point) * count);
  hash(simple.data(), 4 * simple.size());
  printf("points %zu simplified %zu meshlets %zu packed %zu and %zu fnv %08x\n", count, simple.size(), made, packed.size(),
      packed_points.size(), fnv);
  return 0;
}
