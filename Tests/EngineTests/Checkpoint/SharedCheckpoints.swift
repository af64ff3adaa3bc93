// The checkpoints that may lie beside this checkout; tests over them skip where they are absent.

import Engine
import Foundation
import SystemPackage

enum SharedCheckpoints {
    private static let root = FilePath(#filePath)
        .removingLastComponent().removingLastComponent().removingLastComponent()
        .removingLastComponent().appending("../shared").lexicallyNormalized()

    static let demo = root.appending("models/demo")

    /// Folders of the small random checkpoints, one per architecture, sorted.
    static let architectures: [FilePath] = {
        let folder = root.appending("golden/arch")
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.string)
        return (names ?? []).sorted().map { folder.appending($0) }
    }()

    static let areThere = FileManager.default.fileExists(atPath: demo.string)
}
