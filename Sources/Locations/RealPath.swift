// Paths without links, dots and doubled slashes.

import Glibc
package import SystemPackage

package enum RealPath {
    /// nil where nothing is there, or nothing that may be looked at.
    package static func of(_ path: FilePath) -> FilePath? {
        guard let resolved = unsafe realpath(path.string, nil) else { return nil }
        defer { unsafe free(resolved) }
        return FilePath(unsafe String(cString: resolved))
    }
}
