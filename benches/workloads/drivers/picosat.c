// Lets PicoSAT prove that argv[1] + 1 pigeons do not fit into argv[1] holes, and solve three random formulas of argv[2]
// variables with three literals a clause, 4.26 clauses a variable, where they are hardest. Prints the answers (10: there
// is a solution, 20: there is none) and how many propagations it took.
#include <picosat.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t state;

static uint32_t below(uint32_t limit) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % limit;
}

static void solve(PicoSAT *sat, const char *what, int which) {
  int answer = picosat_sat(sat, -1);
  printf("%s %d -> %d, propagations %llu\n", what, which, answer, picosat_propagations(sat));
  picosat_reset(sat);
}

int main(int argc, char **argv) {
  if (argc != 3) return 1;
  int holes = atoi(argv[1]), variables = atoi(argv[2]);
  PicoSAT *sat = picosat_init();
  for (int pigeon = 0; pigeon <= holes; pigeon++) {
    for (int hole = 1; hole <= holes; hole++) picosat_add(sat, pigeon * holes + hole);
    picosat_add(sat, 0);
  }
  for (int hole = 1; hole <= holes; hole++)
    for (int a = 0; a <= holes; a++)
      for (int b = 0; b < a; b++) {
        picosat_add(sat, -(a * holes + hole));
        picosat_add(sat, -(b * holes + hole));
        picosat_add(sat, 0);
      }
  solve(sat, "php", holes);
  for (int which = 0; which < 3; which++) {
    state = 2463534242u + (uint32_t)which;
    sat = picosat_init();
    for (int clause = variables * 426 / 100; clause > 0; clause--) {
      for (int literal = 0; literal < 3; literal++) {
        int variable = 1 + (int)below((uint32_t)variables);
        picosat_add(sat, below(2) ? variable : -variable);
      }
      picosat_add(sat, 0);
    }
    solve(sat, "3sat", which);
  }
  return 0;
}
