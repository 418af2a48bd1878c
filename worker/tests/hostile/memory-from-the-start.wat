;; expect: out-of-memory
;; Wants four gigabytes before its first instruction.
(module (memory (export "memory") 65536) (func (export "_start")))
