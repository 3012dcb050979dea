;; What `imported.wat` calls in another instance.
(module
  (func (export "inc") (param $x i32) (result i32)
    (i32.add (local.get $x) (i32.const 1))))
