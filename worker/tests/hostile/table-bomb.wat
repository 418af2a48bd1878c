;; expect: out-of-memory
;; Takes memory where no page of the program's is counted.
(module
  (table 1 funcref)
  (func (export "_start") (loop (drop (table.grow (ref.null func) (i32.const 100000))) (br 0))))
