;; What a call into another instance costs: the loop of `calls.wat`, around the function of `callee.wat`.
(module
  (type $op (func (param i32) (result i32)))
  (import "callee" "inc" (func $imported (type $op)))

  (func (export "imported") (param $n i32) (result i64)
    (local $x i32)
    (loop $next
      (local.set $x (call $imported (local.get $x)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_s (local.get $x))))
