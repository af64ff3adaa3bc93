// Paths of data in a manifest: of files, or of texts that the program carries.

import Catalogue
import Locations
import SystemPackage

extension PathScope {
    /// Where the data lies; a built-in text keeps its name.
    /// - Throws: `PathError`.
    func data(_ path: String) throws(PathError) -> String {
        Offer.isBuiltIn(path) ? path : try locate(path, kind: "data").path.string
    }
}
