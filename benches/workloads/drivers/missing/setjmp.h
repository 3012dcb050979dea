// For Lua, which includes this and uses nothing of it: see build.sh.
#pragma once
