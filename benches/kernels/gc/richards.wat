;; Richards, Martin Richards' simulation of an operating system's scheduler: six tasks that give packets to each other, 10,000 turns of the
;; idle task in each of $n rounds. Structs are read and written; which task runs is told by a cast to the type of its state. Gives the
;; packets that were queued times 100,000, plus how often a task was held (23246 and 9297 a round, as everywhere).
(module
  (rec
    ;; Kind 0 is a device's packet, 1 is work.
    (type $packet
      (struct
        (field $link (mut (ref null $packet)))
        (field $id (mut i32))
        (field $kind i32)
        (field $datum (mut i32))
        (field $data (ref $data))))
    (type $data (array (mut i32)))
    ;; State: 0 running, 1 runnable, 2 suspended, 3 suspended and runnable, plus 4 if it is held.
    (type $task
      (struct
        (field $link (ref null $task))
        (field $id i32)
        (field $priority i32)
        (field $queue (mut (ref null $packet)))
        (field $state (mut i32))
        (field $work (ref $work))))
    (type $work (sub (struct)))
    (type $idle (sub final $work (struct (field $bits (mut i32)) (field $count (mut i32)))))
    (type $worker (sub final $work (struct (field $handler (mut i32)) (field $letter (mut i32)))))
    (type $handler
      (sub final $work
        (struct (field $works (mut (ref null $packet))) (field $devices (mut (ref null $packet))))))
    (type $device (sub final $work (struct (field $packet (mut (ref null $packet))))))
    (type $tasks (array (mut (ref null $task)))))

  (global $tasks (ref $tasks) (array.new_default $tasks (i32.const 6)))
  (global $list (mut (ref null $task)) (ref.null $task))
  (global $current (mut (ref null $task)) (ref.null $task))
  (global $queued (mut i32) (i32.const 0))
  (global $held (mut i32) (i32.const 0))

  (func $new_packet (param $link (ref null $packet)) (param $id i32) (param $kind i32) (result (ref $packet))
    (struct.new $packet (local.get $link) (local.get $id) (local.get $kind) (i32.const 0)
      (array.new_default $data (i32.const 4))))

  ;; The queue with a packet at its end.
  (func $append (param $packet (ref $packet)) (param $queue (ref null $packet)) (result (ref $packet))
    (local $at (ref null $packet)) (local $next (ref null $packet))
    (struct.set $packet $link (local.get $packet) (ref.null $packet))
    (if (ref.is_null (local.get $queue)) (then (return (local.get $packet))))
    (local.set $at (local.get $queue))
    (block $end
      (loop $on
        (br_if $end (ref.is_null (local.tee $next (struct.get $packet $link (local.get $at)))))
        (local.set $at (local.get $next))
        (br $on)))
    (struct.set $packet $link (local.get $at) (local.get $packet))
    (ref.as_non_null (local.get $queue)))

  (func $set_state (param $task (ref null $task)) (param $state i32)
    (struct.set $task $state (local.get $task)
      (i32.or (struct.get $task $state (local.get $task)) (local.get $state))))

  ;; What follows says which task runs next.

  (func $suspend (result (ref null $task))
    (call $set_state (global.get $current) (i32.const 2))
    (global.get $current))

  (func $hold (result (ref null $task))
    (global.set $held (i32.add (global.get $held) (i32.const 1)))
    (call $set_state (global.get $current) (i32.const 4))
    (struct.get $task $link (global.get $current)))

  (func $release (param $id i32) (result (ref null $task))
    (local $task (ref null $task))
    (local.set $task (array.get $tasks (global.get $tasks) (local.get $id)))
    (struct.set $task $state (local.get $task)
      (i32.and (struct.get $task $state (local.get $task)) (i32.const -5)))
    (if (i32.gt_s
          (struct.get $task $priority (local.get $task))
          (struct.get $task $priority (global.get $current)))
      (then (return (local.get $task))))
    (global.get $current))

  (func $give (param $packet (ref $packet)) (result (ref null $task))
    (local $task (ref null $task))
    (local.set $task (array.get $tasks (global.get $tasks) (struct.get $packet $id (local.get $packet))))
    (global.set $queued (i32.add (global.get $queued) (i32.const 1)))
    (struct.set $packet $link (local.get $packet) (ref.null $packet))
    (struct.set $packet $id (local.get $packet) (struct.get $task $id (global.get $current)))
    (if (ref.is_null (struct.get $task $queue (local.get $task)))
      (then
        (struct.set $task $queue (local.get $task) (local.get $packet))
        (call $set_state (local.get $task) (i32.const 1))
        (if (i32.gt_s
              (struct.get $task $priority (local.get $task))
              (struct.get $task $priority (global.get $current)))
          (then (return (local.get $task)))))
      (else
        (struct.set $task $queue (local.get $task)
          (call $append (local.get $packet) (struct.get $task $queue (local.get $task))))))
    (global.get $current))

  (func $run_idle (param $idle (ref $idle)) (result (ref null $task))
    (local $bits i32) (local $count i32)
    (local.set $count (i32.sub (struct.get $idle $count (local.get $idle)) (i32.const 1)))
    (struct.set $idle $count (local.get $idle) (local.get $count))
    (if (i32.eqz (local.get $count)) (then (return_call $hold)))
    (local.set $bits (struct.get $idle $bits (local.get $idle)))
    (if (i32.and (local.get $bits) (i32.const 1))
      (then
        (struct.set $idle $bits (local.get $idle)
          (i32.xor (i32.shr_u (local.get $bits) (i32.const 1)) (i32.const 0xD008)))
        (return_call $release (i32.const 5))))
    (struct.set $idle $bits (local.get $idle) (i32.shr_u (local.get $bits) (i32.const 1)))
    (return_call $release (i32.const 4)))

  (func $run_worker (param $worker (ref $worker)) (param $packet (ref null $packet)) (result (ref null $task))
    (local $handler i32) (local $letter i32) (local $i i32)
    (if (ref.is_null (local.get $packet)) (then (return_call $suspend)))
    (local.set $handler (i32.sub (i32.const 5) (struct.get $worker $handler (local.get $worker))))
    (struct.set $worker $handler (local.get $worker) (local.get $handler))
    (struct.set $packet $id (local.get $packet) (local.get $handler))
    (struct.set $packet $datum (local.get $packet) (i32.const 0))
    (local.set $letter (struct.get $worker $letter (local.get $worker)))
    (loop $next
      (if (i32.gt_s (local.tee $letter (i32.add (local.get $letter) (i32.const 1))) (i32.const 26))
        (then (local.set $letter (i32.const 1))))
      (array.set $data (struct.get $packet $data (local.get $packet)) (local.get $i) (local.get $letter))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
    (struct.set $worker $letter (local.get $worker) (local.get $letter))
    (return_call $give (ref.as_non_null (local.get $packet))))

  (func $run_handler (param $handler (ref $handler)) (param $packet (ref null $packet)) (result (ref null $task))
    (local $work (ref null $packet)) (local $device (ref null $packet)) (local $count i32)
    (if (i32.eqz (ref.is_null (local.get $packet)))
      (then
        (if (struct.get $packet $kind (local.get $packet))
          (then
            (struct.set $handler $works (local.get $handler)
              (call $append
                (ref.as_non_null (local.get $packet))
                (struct.get $handler $works (local.get $handler)))))
          (else
            (struct.set $handler $devices (local.get $handler)
              (call $append
                (ref.as_non_null (local.get $packet))
                (struct.get $handler $devices (local.get $handler))))))))
    (local.set $work (struct.get $handler $works (local.get $handler)))
    (if (ref.is_null (local.get $work)) (then (return_call $suspend)))
    (local.set $count (struct.get $packet $datum (local.get $work)))
    (if (i32.ge_s (local.get $count) (i32.const 4))
      (then
        (struct.set $handler $works (local.get $handler) (struct.get $packet $link (local.get $work)))
        (return_call $give (ref.as_non_null (local.get $work)))))
    (local.set $device (struct.get $handler $devices (local.get $handler)))
    (if (ref.is_null (local.get $device)) (then (return_call $suspend)))
    (struct.set $handler $devices (local.get $handler) (struct.get $packet $link (local.get $device)))
    (struct.set $packet $datum (local.get $device)
      (array.get $data (struct.get $packet $data (local.get $work)) (local.get $count)))
    (struct.set $packet $datum (local.get $work) (i32.add (local.get $count) (i32.const 1)))
    (return_call $give (ref.as_non_null (local.get $device))))

  (func $run_device (param $device (ref $device)) (param $packet (ref null $packet)) (result (ref null $task))
    (if (ref.is_null (local.get $packet))
      (then
        (local.set $packet (struct.get $device $packet (local.get $device)))
        (if (ref.is_null (local.get $packet)) (then (return_call $suspend)))
        (struct.set $device $packet (local.get $device) (ref.null $packet))
        (return_call $give (ref.as_non_null (local.get $packet)))))
    (struct.set $device $packet (local.get $device) (local.get $packet))
    (return_call $hold))

  (func $run_task (param $task (ref $task)) (result (ref null $task))
    (local $packet (ref null $packet)) (local $work (ref $work))
    (if (i32.eq (struct.get $task $state (local.get $task)) (i32.const 3))
      (then
        (local.set $packet (struct.get $task $queue (local.get $task)))
        (struct.set $task $queue (local.get $task) (struct.get $packet $link (local.get $packet)))
        (struct.set $task $state (local.get $task)
          (i32.eqz (ref.is_null (struct.get $task $queue (local.get $task)))))))
    (local.set $work (struct.get $task $work (local.get $task)))
    (if (ref.test (ref $idle) (local.get $work))
      (then (return_call $run_idle (ref.cast (ref $idle) (local.get $work)))))
    (if (ref.test (ref $worker) (local.get $work))
      (then (return_call $run_worker (ref.cast (ref $worker) (local.get $work)) (local.get $packet))))
    (if (ref.test (ref $handler) (local.get $work))
      (then (return_call $run_handler (ref.cast (ref $handler) (local.get $work)) (local.get $packet))))
    (return_call $run_device (ref.cast (ref $device) (local.get $work)) (local.get $packet)))

  (func $schedule
    (local $task (ref null $task)) (local $state i32)
    (local.set $task (global.get $list))
    (block $end
      (loop $on
        (br_if $end (ref.is_null (local.get $task)))
        (local.set $state (struct.get $task $state (local.get $task)))
        (if (i32.or (i32.and (local.get $state) (i32.const 4)) (i32.eq (local.get $state) (i32.const 2)))
          (then (local.set $task (struct.get $task $link (local.get $task))))
          (else
            (global.set $current (local.get $task))
            (local.set $task (call $run_task (ref.as_non_null (local.get $task))))))
        (br $on))))

  (func $add
    (param $id i32) (param $priority i32) (param $queue (ref null $packet)) (param $state i32) (param $work (ref $work))
    (global.set $list
      (struct.new $task (global.get $list) (local.get $id) (local.get $priority) (local.get $queue)
        (local.get $state) (local.get $work)))
    (array.set $tasks (global.get $tasks) (local.get $id) (global.get $list)))

  ;; Three packets of a device.
  (func $three (param $id i32) (result (ref $packet))
    (call $new_packet
      (call $new_packet
        (call $new_packet (ref.null $packet) (local.get $id) (i32.const 0))
        (local.get $id) (i32.const 0))
      (local.get $id) (i32.const 0)))

  (func (export "run") (param $n i32) (result i64)
    (global.set $queued (i32.const 0))
    (global.set $held (i32.const 0))
    (loop $again
      (global.set $list (ref.null $task))
      (call $add (i32.const 0) (i32.const 0) (ref.null $packet) (i32.const 0)
        (struct.new $idle (i32.const 1) (i32.const 10000)))
      (call $add (i32.const 1) (i32.const 1000)
        (call $new_packet
          (call $new_packet (ref.null $packet) (i32.const 1) (i32.const 1))
          (i32.const 1) (i32.const 1))
        (i32.const 3) (struct.new $worker (i32.const 2) (i32.const 0)))
      (call $add (i32.const 2) (i32.const 2000) (call $three (i32.const 4)) (i32.const 3)
        (struct.new_default $handler))
      (call $add (i32.const 3) (i32.const 3000) (call $three (i32.const 5)) (i32.const 3)
        (struct.new_default $handler))
      (call $add (i32.const 4) (i32.const 4000) (ref.null $packet) (i32.const 2) (struct.new_default $device))
      (call $add (i32.const 5) (i32.const 5000) (ref.null $packet) (i32.const 2) (struct.new_default $device))
      (call $schedule)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.add
      (i64.mul (i64.extend_i32_u (global.get $queued)) (i64.const 100000))
      (i64.extend_i32_u (global.get $held)))))
