// What libraries read from the environment when they are loaded, so that the process has to start
// itself once more with it:
// - OpenBLAS chooses its kernels by a list of processors that ends with its release; on newer ones
//   it falls back to AVX2 kernels, unless the right family is named;
// - libgomp's threads spin while they wait, which on a machine that others use as well made a
//   forward pass twice as slow and burnt twice the processor time; passive waiting costs a quiet
//   machine little;
// - kernels that compute wrongly here give way to AVX2 kernels (`AlgebraDecision`).

import Glibc
import TensorMath

package enum LibraryEnvironment {
    private static let coreVariable = "OPENBLAS_CORETYPE"
    private static let waitVariable = "OMP_WAIT_POLICY"
    /// Set by a process that starts itself again for other kernels: why.
    private static let fallbackVariable = "LAYERFOLD_KERNEL_FALLBACK"

    /// Restarts this process with a better environment, if its own can be bettered; returns
    /// otherwise. Call it before anything else.
    package static func prepare() {
        var isChanged = false
        if unsafe getenv(waitVariable) == nil {
            unsafe setenv(waitVariable, "PASSIVE", 1)
            isChanged = true
        }
        if unsafe getenv(coreVariable) == nil, let core = betterCore {
            unsafe setenv(coreVariable, core, 1)
            isChanged = true
        }
        // On failure the process simply goes on with the kernels it has.
        if isChanged { restart() }
    }

    /// Why this process does not use the kernels that the libraries would choose; nil where it
    /// does.
    package static var fallback: String? {
        unsafe getenv(fallbackVariable).map { unsafe String(cString: $0) }
    }

    /// Checks the libraries; to be called before any work, and again after a restart.
    package static func checkAlgebra() -> AlgebraDecision {
        AlgebraDecision(
            AlgebraCheck.run(), core: Provenance.blasCore, hasAVX2: Provenance.hasAVX2,
            fallback: fallback)
    }

    /// Restarts this process with these variables; returns where the kernel refuses.
    /// - Parameter reason: what `fallback` says then; a process that has one restarts no more.
    package static func restart(variables: [String: String], reason: String) {
        for (name, value) in variables { unsafe setenv(name, value, 1) }
        unsafe setenv(fallbackVariable, reason, 1)
        restart()
    }

    private static func restart() {
        var arguments = unsafe CommandLine.arguments.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        _ = unsafe execv("/proc/self/exe", arguments)
    }

    /// The family whose instructions this processor has and OpenBLAS did not recognise.
    private static var betterCore: String? {
        let avx2Cores = ["Haswell", "Zen", "haswell", "zen"]
        guard avx2Cores.contains(Provenance.blasCore), Provenance.hasAVX512 else { return nil }
        return MatrixProduct.hasNativeHalf ? "COOPERLAKE" : "SKYLAKEX"
    }
}
