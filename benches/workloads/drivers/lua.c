// Runs the script argv[1] with the rest of the arguments in `arg`, and ends with 1 if it fails. Without exceptions and
// longjmp, which the target lacks, an error inside of Lua ends the program: see build.sh.
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

int main(int argc, char **argv) {
  lua_State *state = luaL_newstate();
  if (argc < 2 || state == NULL) return 1;
  luaL_openlibs(state);
  lua_newtable(state);
  for (int i = 2; i < argc; i++) {
    lua_pushstring(state, argv[i]);
    lua_rawseti(state, -2, i - 1);
  }
  lua_setglobal(state, "arg");
  if (luaL_loadfile(state, argv[1]) != 0 || lua_pcall(state, 0, 0, 0) != 0) {
    fprintf(stderr, "%s\n", lua_tostring(state, -1));
    return 1;
  }
  lua_close(state);
  return 0;
}
