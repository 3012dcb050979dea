;; An order: reserves its goods, waits for the money, ships, thanks. `run` takes what is ordered, the price of one, and how many milliseconds
;; it waits for a payment; it gives what was paid, -1 if that took too long, or -2 if there was not enough in stock.
;;
;; Messages to `stock` are a number of 4 bytes, and to whom to reply. Payments are amounts in decimal digits, as many as it takes.
(module $order
    (import "workflow" "sleep" (func $sleep (param i64)))
    (import "workflow" "receive" (func $receive (param i32 i32 i32 i32 i64) (result i32)))
    (import "workflow" "send" (func $send (param i32 i32 i32 i32)))
    (import "workflow" "key" (func $key (param i32 i32) (result i32)))
    (import "workflow" "random" (func $random (result i64)))
    (import "workflow" "note" (func $note (param i32 i32)))
    (memory (export "memory") 1)

    (data (i32.const 0) "workflow:stock/change") ;; 21
    (data (i32.const 32) "reserved")             ;; 8
    (data (i32.const 48) "payment")              ;; 7
    (data (i32.const 64) "carrier")              ;; 7
    (data (i32.const 80) "mail")                 ;; 4
    (data (i32.const 96) "reserving")            ;; 9
    (data (i32.const 112) "wants payment")       ;; 13
    (data (i32.const 128) "packing")             ;; 7
    (data (i32.const 144) "shipped")             ;; 7
    (data (i32.const 160) "cancelled")           ;; 9
    (data (i32.const 176) "sold out")            ;; 8
    (data (i32.const 192) "thank you")           ;; 9
    ;; The reply's address: the workflow's key goes in between, at 1024 + 13.
    (data (i32.const 1028) "workflow:")          ;; 9
    (data (i32.const 208) "/reserved")           ;; 9

    ;; The number that these digits say.
    (func $amount (param $at i32) (param $len i32) (result i64) (local $sum i64)
        (block $end
            (loop $next
                (br_if $end (i32.eqz (local.get $len)))
                (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 10))
                    (i64.sub (i64.load8_u (local.get $at)) (i64.const 48))))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (local.set $len (i32.sub (local.get $len) (i32.const 1)))
                (br $next)))
        (local.get $sum))

    ;; Takes so many from the stock, and asks for a reply.
    (func $reserve (param $quantity i32) (local $end i32)
        (i32.store (i32.const 1024) (local.get $quantity))
        (local.set $end (i32.add (i32.const 1037) (call $key (i32.const 1037) (i32.const 500))))
        (memory.copy (local.get $end) (i32.const 208) (i32.const 9))
        (call $send (i32.const 0) (i32.const 21)
            (i32.const 1024) (i32.sub (i32.add (local.get $end) (i32.const 9)) (i32.const 1024))))

    ;; Gives them back.
    (func $release (param $quantity i32)
        (i32.store (i32.const 1024) (i32.sub (i32.const 0) (local.get $quantity)))
        (call $send (i32.const 0) (i32.const 21) (i32.const 1024) (i32.const 4)))

    ;; Sleeps for up to a second.
    (func $while
        (call $sleep (i64.rem_u (call $random) (i64.const 1000))))

    (func (export "run") (param $quantity i64) (param $price i64) (param $patience i64) (result i64)
        (local $total i64) (local $paid i64) (local $len i32)
        (local.set $total (i64.mul (local.get $quantity) (local.get $price)))
        (call $note (i32.const 96) (i32.const 9))
        (call $reserve (i32.wrap_i64 (local.get $quantity)))
        (drop (call $receive (i32.const 32) (i32.const 8) (i32.const 2048) (i32.const 1) (i64.const -1)))
        (if (i32.ne (i32.load8_u (i32.const 2048)) (i32.const 121)) ;; y
            (then
                (call $note (i32.const 176) (i32.const 8))
                (call $send (i32.const 80) (i32.const 4) (i32.const 176) (i32.const 8))
                (return (i64.const -2))))
        (call $note (i32.const 112) (i32.const 13))
        (loop $more
            (local.set $len
                (call $receive (i32.const 48) (i32.const 7) (i32.const 2048) (i32.const 18) (local.get $patience)))
            (if (i32.lt_s (local.get $len) (i32.const 0))
                (then
                    (call $note (i32.const 160) (i32.const 9))
                    (call $release (i32.wrap_i64 (local.get $quantity)))
                    (call $send (i32.const 80) (i32.const 4) (i32.const 160) (i32.const 9))
                    (return (i64.const -1))))
            (local.set $paid (i64.add (local.get $paid) (call $amount (i32.const 2048) (local.get $len))))
            (br_if $more (i64.lt_s (local.get $paid) (local.get $total))))
        (call $note (i32.const 128) (i32.const 7))
        (call $while)
        (call $send (i32.const 64) (i32.const 7) (i32.const 128) (i32.const 7))
        (call $note (i32.const 144) (i32.const 7))
        (call $while)
        (call $send (i32.const 80) (i32.const 4) (i32.const 192) (i32.const 9))
        (local.get $paid)))
