;; expect: out-of-fuel
;; 1,024 buffers that are all the same 16 MiB: 16 GiB of work for one call.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 257)
  (data (i32.const 0) "in/0/data")
  (func (export "_start") (local $n i32)
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 9)
      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)))
    (loop
      (i32.store (i32.add (i32.const 64) (i32.mul (local.get $n) (i32.const 8))) (i32.const 65536))
      (i32.store (i32.add (i32.const 68) (i32.mul (local.get $n) (i32.const 8))) (i32.const 4190000))
      (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1024))))
    (loop
      (drop (call $read (i32.load (i32.const 32)) (i32.const 64) (i32.const 1024) (i32.const 40)))
      (br 0))))
