// What is to be done where a library's arithmetic is wrong on this processor: AVX2 kernels, which
// have been in use for longer, and where these are wrong as well nothing at all.

package import TensorMath

/// Follows from the checks that were made before any work.
package enum AlgebraDecision: Sendable, Equatable {
    /// - fallback: why these are not the kernels that the libraries would choose; nil where
    ///   they are.
    case use(fallback: String?)
    /// The process starts itself once more with these variables.
    case restart(variables: [String: String], reason: String)
    case refuse(reason: String)

    /// - Parameters:
    ///   - checks: with the kernels that are loaded.
    ///   - core: the name of OpenBLAS' kernels.
    ///   - hasAVX2: whether the processor runs what would be fallen back to.
    ///   - fallback: the reason of the restart that this process came from; nil where it came
    ///     from none.
    package init(
        _ checks: [AlgebraCheck], core: String, hasAVX2: Bool, fallback: String?
    ) {
        let wrong = checks.filter { !$0.isRight }
        guard !wrong.isEmpty else {
            self = .use(fallback: fallback)
            return
        }
        var names: [String] = []
        for check in wrong where !names.contains(check.routine) { names.append(check.routine) }
        let reason =
            "wrong results of \(names.joined(separator: ", ")) (OpenBLAS' kernels: \(core))"
        guard hasAVX2, fallback == nil else {
            self = .refuse(
                reason: reason + (fallback.map { ", after a restart for \($0)" } ?? "")
                    + ": this build of OpenBLAS or oneDNN cannot be used on this processor; "
                    + "install another version of it")
            return
        }
        var variables: [String: String] = [:]
        for check in wrong {
            switch check.library {
            case .openBLAS: variables["OPENBLAS_CORETYPE"] = "Haswell"
            case .oneDNN: variables["ONEDNN_MAX_CPU_ISA"] = "AVX2"
            }
        }
        self = .restart(variables: variables, reason: reason)
    }
}
