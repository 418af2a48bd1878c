;; expect: out-of-fuel
;; Never gets as far as `_start`.
(module (func $spin (loop (br 0))) (start $spin) (func (export "_start")))
