;; expect: exited 0
;; Sockets, on descriptors that are none.
(module
  (import "wasi_snapshot_preview1" "sock_accept" (func $sock_accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $sock_recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $sock_send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_shutdown" (func $sock_shutdown (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $expect (param $step i32) (param $is i32) (param $wanted i32)
    (if (i32.ne (local.get $is) (local.get $wanted)) (then (call $exit (local.get $step)))))
  (func (export "_start")
    (call $expect (i32.const 1) (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 57))
    (call $expect (i32.const 2) (call $sock_recv (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 32) (i32.const 36)) (i32.const 57))
    (call $expect (i32.const 3) (call $sock_send (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 32)) (i32.const 57))
    (call $expect (i32.const 4) (call $sock_shutdown (i32.const 2) (i32.const 0)) (i32.const 57))
    (call $expect (i32.const 5) (call $sock_accept (i32.const 99) (i32.const 0) (i32.const 32)) (i32.const 8))
    (call $expect (i32.const 6) (call $sock_send (i32.const -1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 32)) (i32.const 8))))
