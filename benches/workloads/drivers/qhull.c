// The convex hulls of argv[1] random points in two to five dimensions, and of half as many on a sphere; prints how many
// facets and corners they have.
#include <libqhull_r/qhull_ra.h>

int main(int argc, char **argv) {
  if (argc != 2) return 1;
  const int count = atoi(argv[1]);
  coordT *points = malloc(sizeof(coordT) * 5 * (size_t)count);
  unsigned random = 1;
  for (int dim = 2; dim <= 5; dim++)
    for (int sphere = 0; sphere < 2; sphere++) {
      int many = sphere ? count / (dim * dim * dim / 4 + 1) : dim > 4 ? count / 4 : count;
      for (int i = 0; i < many; i++) {
        double square = 0;
        for (int j = 0; j < dim; j++) {
          random = random * 1664525u + 1013904223u;
          double x = (double)(random >> 8) / (1 << 23) - 1;
          points[i * dim + j] = x;
          square += x * x;
        }
        for (int j = 0; sphere && j < dim; j++) points[i * dim + j] /= sqrt(square);
      }
      qhT hull = {0};
      qh_zero(&hull, stderr);
      if (qh_new_qhull(&hull, dim, many, points, False, (char[]){"qhull Qt"}, NULL, stderr) != 0) return 1;
      printf("%d dimensions: %d facets, %d corners\n", dim, hull.num_facets, hull.num_vertices);
      qh_freeqhull(&hull, qh_ALL);
    }
  return 0;
}
