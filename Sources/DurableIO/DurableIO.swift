// DurableIO
