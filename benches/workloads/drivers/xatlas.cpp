// Unfolds the surface of a bumpy ring of argv[1] by argv[1] squares, and prints the size of the atlas and its number of charts.
#include <xatlas.h>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char **argv) {
  if (argc != 2) return 1;
  const int side = atoi(argv[1]);
  std::vector<float> points;
  std::vector<uint32_t> corners;
  for (int ring = 0; ring < side; ring++)
    for (int step = 0; step < side; step++) {
      const double a = 6.283185307 * ring / side, b = 6.283185307 * step / side, r = 1 + 0.15 * std::sin(5 * a) * std::cos(3 * b);
      points.push_back(float((3 + r * std::cos(b)) * std::cos(a)));
      points.push_back(float((3 + r * std::cos(b)) * std::sin(a)));
      points.push_back(float(r * std::sin(b)));
      const auto at = [&](int i, int j) { return uint32_t(i % side * side + j % side); };
      for (uint32_t corner : {at(ring, step), at(ring + 1, step), at(ring, step + 1), at(ring, step + 1), at(ring + 1, step),
                              at(ring + 1, step + 1)})
        corners.push_back(corner);
    }
  xatlas::Atlas *atlas = xatlas::Create();
  xatlas::MeshDecl mesh;
  mesh.vertexCount = uint32_t(points.size() / 3);
  mesh.vertexPositionData = points.data();
  mesh.vertexPositionStride = 12;
  mesh.indexCount = uint32_t(corners.size());
  mesh.indexData = corners.data();
  mesh.indexFormat = xatlas::IndexFormat::UInt32;
  if (xatlas::AddMesh(atlas, mesh) != xatlas::AddMeshError::Success) return 1;
  xatlas::PackOptions options;
  options.attempts = 200;
  options.texelsPerUnit = 6;
  xatlas::ComputeCharts(atlas);
  xatlas::ParameterizeCharts(atlas);
  xatlas::PackCharts(atlas, options);
  uint64_t sum = 0;
  for (uint32_t corner = 0; corner < atlas->meshes[0].indexCount; corner++) sum = sum * 31 + atlas->meshes[0].indexArray[corner];
  printf("%u by %u, %u charts, %u points, %016llx\n", atlas->width, atlas->height, atlas->chartCount, atlas->meshes[0].vertexCount,
         (unsigned long long)sum);
  xatlas::Destroy(atlas);
}
