// Lets a pyramid of argv[1] rows of boxes, a chain and some balls fall, for argv[2] steps, and prints where they lie.
#include <chipmunk/chipmunk.h>
#include <stdio.h>
#include <stdlib.h>

static cpBody *add(cpSpace *space, cpFloat mass, cpFloat moment, cpVect at) {
  cpBody *body = cpSpaceAddBody(space, cpBodyNew(mass, moment));
  cpBodySetPosition(body, at);
  return body;
}

static void finish(cpSpace *space, cpShape *shape) {
  cpShapeSetFriction(shape, 0.8);
  cpShapeSetElasticity(shape, 0.1);
  cpSpaceAddShape(space, shape);
}

static void sum(cpBody *body, void *total) {
  *(cpVect *)total = cpvadd(*(cpVect *)total, cpBodyGetPosition(body));
}

int main(int argc, char **argv) {
  if (argc != 3) return 1;
  int rows = atoi(argv[1]);
  cpSpace *space = cpSpaceNew();
  cpSpaceSetIterations(space, 10);
  cpSpaceSetGravity(space, cpv(0, -100));
  finish(space, cpSegmentShapeNew(cpSpaceGetStaticBody(space), cpv(-500, 0), cpv(500, 0), 0));
  finish(space, cpSegmentShapeNew(cpSpaceGetStaticBody(space), cpv(200, 0), cpv(500, 200), 0));
  for (int row = 0; row < rows; row++)
    for (int i = 0; i < rows - row; i++) {
      cpBody *body = add(space, 1, cpMomentForBox(1, 10, 10), cpv(i * 11 + row * 5.5 - 200, 6 + row * 11));
      finish(space, cpBoxShapeNew(body, 10, 10, 0.5));
    }
  cpBody *last = NULL;
  for (int i = 0; i < 12; i++) {
    cpBody *body = add(space, 0.5, cpMomentForCircle(0.5, 0, 4, cpvzero), cpv(i * 9 - 100, 180));
    finish(space, cpCircleShapeNew(body, 4, cpvzero));
    if (last) cpSpaceAddConstraint(space, i % 2 ? cpPivotJointNew(last, body, cpv(i * 9 - 104.5, 180)) : cpDampedSpringNew(last, body, cpv(4, 0), cpv(-4, 0), 2, 80, 1));
    last = body;
  }
  cpVect corners[] = {{0, 8}, {-7, -5}, {7, -5}, {9, 2}};
  for (int i = 0; i < 10; i++) {
    cpBody *body = add(space, 3, cpMomentForPoly(3, 4, corners, cpvzero, 0), cpv(250 + 20 * (i % 5), 220 + 30 * (i / 5)));
    finish(space, cpPolyShapeNew(body, 4, corners, cpTransformIdentity, 0));
  }
  for (int step = atoi(argv[2]); step > 0; step--) cpSpaceStep(space, 1.0 / 60);
  cpVect total = cpvzero;
  cpSpaceEachBody(space, sum, &total);
  printf("%.6f %.6f\n", total.x, total.y);
  return 0;
}
