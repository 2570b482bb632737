#include <config.h>

#include "protocol/dav/property_request.h"

#include <errno.h>

static int wrong_document(struct error *err, const char *wanted)
{
	return error_set(err, 400, CONDITION_NONE, "XML: the document is not %s", wanted);
}

static int count_children(const struct xml_element *element, size_t *count_r, struct error *err)
{
	size_t count = 0;

	for (const struct xml_element *child = element->children; child != NULL; child = child->next)
		count++;
	if (count > DAV_PROPERTIES_MAX)
		return error_set(err, 400, CONDITION_NONE, "more than %d properties", DAV_PROPERTIES_MAX);
	*count_r = count;
	return 0;
}

static int read_names(struct arena *arena, const struct xml_element *prop, struct property_list *list, struct error *err)
{
	size_t count = 0;
	int ret = count_children(prop, &count, err);

	if (ret < 0)
		return ret;
	list->names = arena_array(arena, count + 1, sizeof(*list->names));
	if (list->names == NULL)
		return -ENOMEM;
	list->count = 0;
	for (const struct xml_element *child = prop->children; child != NULL; child = child->next)
		list->names[list->count++] = (struct property_name){child->ns, child->name, child};
	return 0;
}

int property_list_read(struct arena *arena, const struct xml_element *root, struct property_list *list_r,
    struct error *err)
{
	struct property_list list = {.kind = PROPFIND_PROP};
	const struct xml_element *prop = xml_child(root, XML_DAV_PROP), *include = xml_child(root, XML_DAV_INCLUDE);
	int ret = 0;

	if (prop != NULL) {
		ret = read_names(arena, prop, &list, err);
	} else if (xml_child(root, XML_DAV_ALLPROP) != NULL) {
		list.kind = PROPFIND_ALLPROP;
		if (include != NULL)
			ret = read_names(arena, include, &list, err);
	} else if (xml_child(root, XML_DAV_PROPNAME) != NULL) {
		list.kind = PROPFIND_PROPNAME;
	}
	if (ret == 0)
		*list_r = list;
	return ret;
}

int propfind_read(struct arena *arena, struct slice body, struct property_list *list_r, struct error *err)
{
	const struct xml_element *root;
	int ret;

	if (body.len == 0) {
		*list_r = (struct property_list){.kind = PROPFIND_ALLPROP};
		return 0;
	}
	ret = xml_read(arena, body, &root, err);
	if (ret < 0)
		return ret;
	if (root->id != XML_DAV_PROPFIND)
		return wrong_document(err, "DAV:propfind");
	if (xml_child(root, XML_DAV_PROP) == NULL && xml_child(root, XML_DAV_ALLPROP) == NULL &&
	    xml_child(root, XML_DAV_PROPNAME) == NULL)
		return error_set(err, 400, CONDITION_NONE, "DAV:propfind: asks for nothing");
	return property_list_read(arena, root, list_r, err);
}

/* Appends the properties of one DAV:set or DAV:remove. */
static int read_changes(struct arena *arena, const struct xml_element *element, bool remove,
    struct property_changes *changes, struct error *err)
{
	for (const struct xml_element *prop = xml_child(element, XML_DAV_PROP); prop != NULL;
	     prop = xml_next(prop, XML_DAV_PROP))
		for (const struct xml_element *child = prop->children; child != NULL; child = child->next) {
			if (changes->at == NULL)
				changes->at = arena_array(arena, DAV_PROPERTIES_MAX, sizeof(*changes->at));
			if (changes->at == NULL)
				return -ENOMEM;
			if (changes->count == DAV_PROPERTIES_MAX)
				return error_set(err, 400, CONDITION_NONE, "more than %d properties",
				    DAV_PROPERTIES_MAX);
			changes->at[changes->count++] =
			    (struct property_change){remove, child->ns, child->name, child};
		}
	return 0;
}

int proppatch_read(struct arena *arena, struct slice body, struct property_changes *changes_r, struct error *err)
{
	struct property_changes changes = {0};
	const struct xml_element *root;
	int ret = xml_read(arena, body, &root, err);

	if (ret < 0)
		return ret;
	if (root->id != XML_DAV_PROPERTYUPDATE)
		return wrong_document(err, "DAV:propertyupdate");
	for (const struct xml_element *child = root->children; ret == 0 && child != NULL; child = child->next)
		if (child->id == XML_DAV_SET || child->id == XML_DAV_REMOVE)
			ret = read_changes(arena, child, child->id == XML_DAV_REMOVE, &changes, err);
	if (ret == 0 && changes.count == 0)
		return error_set(err, 400, CONDITION_NONE, "DAV:propertyupdate: changes nothing");
	if (ret == 0)
		*changes_r = changes;
	return ret;
}

/* Takes DAV:resourcetype out of what is to be set. */
static void take_resourcetype(struct collection_request *request)
{
	size_t kept = 0;

	for (size_t i = 0; i < request->set.count; i++) {
		const struct xml_element *element = request->set.at[i].element;

		if (element->id != XML_DAV_RESOURCETYPE) {
			request->set.at[kept++] = request->set.at[i];
			continue;
		}
		request->has_resourcetype = true;
		for (const struct xml_element *type = element->children; type != NULL; type = type->next) {
			if (type->id == XML_CALDAV_CALENDAR)
				request->is_calendar = true;
			else if (type->id != XML_DAV_COLLECTION)
				request->is_other = true;
		}
	}
	request->set.count = kept;
}

int collection_request_read(struct arena *arena, struct slice body, bool mkcalendar,
    struct collection_request *request_r, struct error *err)
{
	struct collection_request request = {.is_calendar = mkcalendar};
	const struct xml_element *root;
	int ret = 0;

	if (body.len == 0) {
		*request_r = request;
		return 0;
	}
	ret = xml_read(arena, body, &root, err);
	if (ret < 0)
		return ret;
	if (root->id != (mkcalendar ? XML_CALDAV_MKCALENDAR : XML_DAV_MKCOL))
		return wrong_document(err, mkcalendar ? "CALDAV:mkcalendar" : "DAV:mkcol");
	for (const struct xml_element *set = xml_child(root, XML_DAV_SET); ret == 0 && set != NULL;
	     set = xml_next(set, XML_DAV_SET))
		ret = read_changes(arena, set, false, &request.set, err);
	if (ret < 0)
		return ret;
	take_resourcetype(&request);
	*request_r = request;
	return 0;
}
