// The names in one folder, bounded and sorted.

import DurableIO
import Glibc
import SystemPackage

enum FolderListing {
    /// Names of at most `limit` entries, sorted by code points, without "." and "..".
    static func names(in path: FilePath, limit: Int) throws(CheckpointError) -> [String] {
        guard let folder = unsafe opendir(path.string) else {
            switch Errno(rawValue: errno) {
            case .noSuchFileOrDirectory: throw .folderMissing(path: path.string)
            case .notDirectory: throw .notAFolder(path: path.string)
            case let error:
                throw .file(.system(call: "opendir", path: path.string, error))
            }
        }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            guard name != ".", name != ".." else { continue }
            guard names.count < limit else {
                throw .folderTooLarge(path: path.string, limit: limit)
            }
            names.append(name)
        }
        return names.sorted(by: ExactString.precedes)
    }
}
