;; A stock: one workflow, to which all orders send. `run` takes how much there is; it gives what is left, when it is told to close.
;;
;; A message on the channel `change` is a number of 4 bytes, how much to take (negative: to bring back; 0: close), and to whom to reply: y or n.
(module $stock
    (import "workflow" "receive" (func $receive (param i32 i32 i32 i32 i64) (result i32)))
    (import "workflow" "send" (func $send (param i32 i32 i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "change")
    (data (i32.const 16) "ny")

    (func (export "run") (param $left i64) (result i64) (local $len i32) (local $quantity i64) (local $enough i32)
        (loop $next
            (local.set $len
                (call $receive (i32.const 0) (i32.const 6) (i32.const 1024) (i32.const 1024) (i64.const -1)))
            (local.set $quantity (i64.extend_i32_s (i32.load (i32.const 1024))))
            (if (i64.eqz (local.get $quantity)) (then (return (local.get $left))))
            (local.set $enough (i64.ge_s (local.get $left) (local.get $quantity)))
            (if (local.get $enough)
                (then (local.set $left (i64.sub (local.get $left) (local.get $quantity)))))
            (if (i32.gt_u (local.get $len) (i32.const 4))
                (then
                    (call $send (i32.const 1028) (i32.sub (local.get $len) (i32.const 4))
                        (i32.add (i32.const 16) (local.get $enough)) (i32.const 1))))
            (br $next))
        (unreachable)))
