;; CRC-32 of $n bytes, bit by bit: shifts, an exclusive or and a branch that nobody can predict. The bytes are the low
;; ones of a linear congruential sequence; no memory is touched.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $crc i32) (local $seed i32) (local $bit i32)
    (local.set $crc (i32.const -1))
    (local.set $seed (i32.const 1))
    (loop $byte
      (local.set $seed
        (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $crc
        (i32.xor (local.get $crc) (i32.shr_u (local.get $seed) (i32.const 24))))
      (local.set $bit (i32.const 8))
      (loop $next
        (if (i32.and (local.get $crc) (i32.const 1))
          (then
            (local.set $crc
              (i32.xor (i32.shr_u (local.get $crc) (i32.const 1)) (i32.const 0xedb88320))))
          (else
            (local.set $crc (i32.shr_u (local.get $crc) (i32.const 1)))))
        (br_if $next (local.tee $bit (i32.sub (local.get $bit) (i32.const 1)))))
      (br_if $byte (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_u (i32.xor (local.get $crc) (i32.const -1)))))
