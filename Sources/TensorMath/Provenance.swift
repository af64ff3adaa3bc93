// Names and versions of what computes, for reports and keys.

import CBLAS
import COneDNN

package enum Provenance {
    /// The kernels OpenBLAS chose, such as `Cooperlake`.
    package static var blasCore: String {
        guard let name = unsafe openblas_get_corename() else { return "unknown" }
        return unsafe String(cString: name)
    }

    /// The instruction set that oneDNN's kernels are made for, as it numbers them.
    package static var productKernels: Int { Int(dnnl_get_effective_cpu_isa().rawValue) }

    /// OpenBLAS' version and build options.
    package static var blasVersion: String {
        guard let text = unsafe openblas_get_config() else { return "unknown" }
        let words = unsafe String(cString: text).split(separator: " ")
        return words.dropFirst().first.map(String.init) ?? "unknown"
    }

    package static var oneDNNVersion: String {
        guard let version = unsafe dnnl_version() else { return "unknown" }
        return unsafe "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.patch)"
    }

    /// Whether the processor and its system run AVX-512 (F, BW, DQ, VL).
    package static var hasAVX512: Bool { kernelLevelSupported() == 2 }

    /// Whether the processor and its system run AVX2 (with FMA and F16C).
    package static var hasAVX2: Bool { kernelLevelSupported() >= 1 }

    package static var kernelLevelName: String {
        switch kernelLevel() {
        case 2: "avx512"
        case 1: "avx2"
        default: "portable"
        }
    }
}
