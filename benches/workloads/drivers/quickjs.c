// Runs the script argv[1], which says with `print` what it finds, and ends with 1 if it fails.
#include <quickjs.h>
#include <stdio.h>
#include <stdlib.h>

static JSValue print(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
  for (int i = 0; i < count; i++) {
    const char *text = JS_ToCString(context, values[i]);
    if (text == NULL) return JS_EXCEPTION;
    printf(i ? " %s" : "%s", text);
    JS_FreeCString(context, text);
  }
  printf("\n");
  return JS_UNDEFINED;
}

int main(int argc, char **argv) {
  static char text[1 << 16];
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL) return 1;
  size_t len = fread(text, 1, sizeof text - 1, file);
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *context = JS_NewContext(runtime);
  JSValue global = JS_GetGlobalObject(context);
  JS_SetPropertyStr(context, global, "print", JS_NewCFunction(context, print, "print", 1));
  JS_FreeValue(context, global);
  JSValue result = JS_Eval(context, text, len, argv[1], JS_EVAL_TYPE_GLOBAL);
  if (JS_IsException(result)) {
    fprintf(stderr, "%s\n", JS_ToCString(context, JS_GetException(context)));
    return 1;
  }
  JS_FreeValue(context, result);
  JS_FreeContext(context);
  JS_FreeRuntime(runtime);
  return 0;
}
