// The checkpoints that may lie beside this checkout; tests over them skip where they are absent.

import Foundation
package import SystemPackage
import TestSupport

package enum SharedCheckpoints {
    private static let root = FilePath(Places.shared.path)

    package static let demo = root.appending("models/demo")

    /// Folders of the small random checkpoints, one per architecture, sorted.
    package static let architectures: [FilePath] = {
        let folder = root.appending("golden/arch")
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.string)
        return (names ?? []).sorted().map { folder.appending($0) }
    }()

    package static let areThere = FileManager.default.fileExists(atPath: demo.string)
}
