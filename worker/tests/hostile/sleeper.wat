;; expect: out-of-fuel
;; Sleeps for five hundred years, again and again. Nobody waits for it.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 24) "\ff\ff\ff\ff\ff\ff\ff\ff")
  (func (export "_start")
    (loop (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))) (br 0))))
