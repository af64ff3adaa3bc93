// Versions of the program and of what it computes with, for reports.

import Catalogue
package import Report
import Store
import TensorMath

package enum Versions {
    package static var current: RunReport.Versions {
        RunReport.Versions(
            layerfold: Product.version, swift: swift, openblas: Provenance.blasVersion,
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
