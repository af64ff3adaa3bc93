// Long lists of the daemon, page by page.

enum Pages {
    /// - Parameters:
    ///   - limit: nil for all.
    ///   - next: is told how many are wanted still, and gives some and whether there are more.
    /// - Returns: the items, and whether there are more.
    static func gather<Item>(
        _ limit: Int?, _ next: (Int) throws -> (items: [Item], hasMore: Bool)
    ) throws -> (items: [Item], isCut: Bool) {
        var items: [Item] = []
        while true {
            let page = try next((limit ?? .max) - items.count)
            items += page.items
            if !page.hasMore { return (items, false) }
            // A page of none that says that there is more would never end.
            if items.count >= limit ?? .max || page.items.isEmpty { return (items, true) }
        }
    }
}
