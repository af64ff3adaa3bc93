// What libraries read from the environment when they are loaded, so that the process has to start
// itself once more with it:
// - OpenBLAS chooses its kernels by a list of processors that ends with its release; on newer ones
//   it falls back to AVX2 kernels, unless the right family is named;
// - libgomp's threads spin while they wait, which on a machine that others use as well made a
//   forward pass twice as slow and burnt twice the processor time; passive waiting costs a quiet
//   machine little.

import Glibc
import TensorMath

package enum LibraryEnvironment {
    private static let coreVariable = "OPENBLAS_CORETYPE"
    private static let waitVariable = "OMP_WAIT_POLICY"

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
        guard isChanged else { return }
        // On failure the process simply goes on with the kernels it has.
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
