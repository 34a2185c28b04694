/*
 * view_insert.h
 *	  INSERT and COPY into the views in wire format.
 */
#ifndef INTERACTIONS_VIEW_INSERT_H
#define INTERACTIONS_VIEW_INSERT_H

extern void WatchViewInserts(void);

#endif /* INTERACTIONS_VIEW_INSERT_H */
