// Versions of the program and of what it computes with, for reports.

package import Report
import Store
import TensorMath

package enum Versions {
    package static let layerfold = "0.1.0"

    package static var current: RunReport.Versions {
        RunReport.Versions(
            layerfold: layerfold, swift: swift, openblas: Provenance.blasVersion,
            onednn: Provenance.oneDNNVersion, zstd: zstdVersion)
    }

    private static var swift: String {
        #if compiler(>=6.3)
        "6.3"
        #else
        "6.2"
        #endif
    }
}
