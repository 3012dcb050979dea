;; The smallest WASI command that says something:
;;
;;     pirn run examples/hello.wat
(module
  ;; fd_write(fd, buffers, how many buffers, where to put the number of bytes written) -> errno
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; One buffer: 20 bytes at 8. Behind it, room for the number of bytes written.
  (data (i32.const 0) "\08\00\00\00\14\00\00\00")
  (data (i32.const 8) "Hello, WebAssembly!\n")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))
