;; expect: exited 252
;; Opens files until there are no more descriptors, and tells how many it got beside the four that were open.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "in/0/data")
  (func (export "_start") (local $n i32) (local $errno i32)
    (block $full
      (loop
        (local.set $errno (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 9)
          (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)))
        (br_if $full (local.get $errno))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br 0)))
    (if (i32.ne (local.get $errno) (i32.const 33)) (then (call $exit (i32.const 1))))
    (call $exit (local.get $n))))
