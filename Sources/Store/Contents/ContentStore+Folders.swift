// Whether a store's folders are still there, for those whose work failed in one.

package import SystemPackage

extension ContentStore {
    /// What of the store below `state` somebody removed, in words for people: at most one word for
    /// a folder with all that lies in it. Opening the store again makes it anew.
    package static func missingFolders(state: FilePath) -> [String] {
        let layout = StoreLayout(state: state)
        let missing = Set(layout.missingFolders)
        let whole = layout.folders.filter { missing.contains($0) }
        if whole.count == layout.folders.count { return ["`\(layout.root)`"] }
        let shards = missing.filter { path in
            !whole.contains(path) && !whole.contains(path.removingLastComponent())
        }
        return (whole + shards.sorted { $0.string < $1.string }).map { "`\($0)`" }
    }
}
